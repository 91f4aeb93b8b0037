import { MemoryHandshakeQuota } from './handshake-quota.js';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('admits the quota in a minute, tells the rest how long to wait, and then starts a new minute', async () => {
  const quota = new MemoryHandshakeQuota(2, () => Date.now());
  expect(await quota.take('a')).toBe(0);
  jest.advanceTimersByTime(20_000);
  expect(await quota.take('a')).toBe(0);
  expect(await quota.take('a')).toBe(40_000);
  expect(await quota.take('b')).toBe(0);
  jest.advanceTimersByTime(39_999);
  expect(await quota.take('a')).toBe(1);
  jest.advanceTimersByTime(1);
  expect(await quota.take('a')).toBe(0);
});

it('counts a bounded number of addresses: known ones stay counted, new ones are admitted', async () => {
  const quota = new MemoryHandshakeQuota(1, () => Date.now(), 3);
  for (const address of ['a', 'b', 'c']) expect(await quota.take(address)).toBe(0);
  for (let n = 0; n < 5; n++) expect(await quota.take(`new ${n % 2}`)).toBe(0);
  expect(await quota.take('a')).toBe(60_000);
  expect(jest.getTimerCount()).toBe(3);
  jest.advanceTimersByTime(120_000);
  expect(await quota.take('new 0')).toBe(0);
  expect(await quota.take('new 0')).toBe(60_000);
});
