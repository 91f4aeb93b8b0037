import { laggingText } from './lagging.js';

it.each([
  [300, 1, 'less than 1 s behind, and 1 update was skipped for newer ones'],
  [61_000, 2_500, '1 min 1 s behind, and 2,500 updates were skipped for newer ones'],
])('says that the page was %d ms behind and lost %d updates', (since_ms, dropped, text) => {
  expect(laggingText({ since_ms, dropped })).toBe(text);
});
