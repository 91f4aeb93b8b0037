import { keyedHash } from './keyed-hash.js';

it('depends on the secret, and is the same for the same text', () => {
  expect(keyedHash('secret', 'user:jane')).toMatch(/^[0-9a-f]{32}$/);
  expect(keyedHash('secret', 'user:jane')).toBe(keyedHash('secret', 'user:jane'));
  expect(keyedHash('other', 'user:jane')).not.toBe(keyedHash('secret', 'user:jane'));
});
