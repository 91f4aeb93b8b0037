import { shorten } from './shorten.js';

it.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc...'],
  ['', 3, ''],
])('cuts %j to at most %d characters: %j', (text, most, expected) => {
  expect(shorten(text, most)).toBe(expected);
});
