import { keyedHash } from './keyed-hash.js';

it('names addresses and users so that nobody without the secret can tell them', () => {
  expect(keyedHash('secret', 'user:jane')).toMatch(/^[0-9a-f]{32}$/);
  expect(keyedHash('secret', 'user:jane')).toBe(keyedHash('secret', 'user:jane'));
  expect(keyedHash('other', 'user:jane')).not.toBe(keyedHash('secret', 'user:jane'));
});
