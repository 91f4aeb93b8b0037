import { hiddenName } from './keyed-hash.js';

it('names addresses and users so that nobody without the secret can tell them', () => {
  expect(hiddenName('secret', 'user:jane')).toMatch(/^[0-9a-f]{32}$/);
  expect(hiddenName('secret', 'user:jane')).toBe(hiddenName('secret', 'user:jane'));
  expect(hiddenName('other', 'user:jane')).not.toBe(hiddenName('secret', 'user:jane'));
});
