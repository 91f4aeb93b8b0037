import { OverloadLimiter, rssLimit } from './overload-limiter.js';

function setUp() {
  const changes: string[] = [];
  const limiter = new OverloadLimiter(
    { maxEventLoopDelayMs: 100, maxRssBytes: 1_000 },
    (reason, overloaded) => changes.push(`${reason} ${overloaded ? 'begins' : 'ends'}`),
  );
  const observe = (eventLoopDelayMs: number, rssBytes = 0, times = 1) => {
    for (let n = 0; n < times; n++) limiter.observe({ eventLoopDelayMs, rssBytes });
    return limiter.reason;
  };
  return { limiter, changes, observe };
}

it('is overloaded after two consecutive measurements above the limit, but not at the limit', () => {
  const { changes, observe } = setUp();
  expect(observe(100, 1_000, 5)).toBeUndefined();
  expect(observe(101)).toBeUndefined();
  expect(observe(10)).toBeUndefined();
  expect(observe(101)).toBeUndefined();
  expect(observe(101)).toBe('event_loop_delay');
  expect(changes).toEqual(['event_loop_delay begins']);
});

it('is overloaded until three consecutive measurements are well below the limit', () => {
  const { changes, observe } = setUp();
  observe(101, 0, 2);
  expect(observe(51, 0, 10)).toBe('event_loop_delay');
  expect(observe(49, 0, 2)).toBe('event_loop_delay');
  expect(observe(60)).toBe('event_loop_delay'); // restarts the count
  expect(observe(49, 0, 2)).toBe('event_loop_delay');
  expect(observe(49)).toBeUndefined();
  expect(changes).toEqual(['event_loop_delay begins', 'event_loop_delay ends']);
  expect(observe(101, 0, 2)).toBe('event_loop_delay');
});

it('is overloaded after one measurement above the memory limit', () => {
  expect(setUp().observe(0, 1_001)).toBe('memory');
});

it('tracks each reason separately', () => {
  const { limiter, changes, observe } = setUp();
  observe(101, 0, 2);
  observe(101, 1_001);
  expect([...limiter.reasons]).toEqual(['event_loop_delay', 'memory']);
  expect(observe(0, 960, 3)).toBe('memory');
  expect(observe(0, 949, 3)).toBeUndefined();
  expect(changes.slice(2)).toEqual(['event_loop_delay ends', 'memory ends']);
});

it('is never overloaded if there are no limits', () => {
  const limiter = new OverloadLimiter({ maxEventLoopDelayMs: undefined, maxRssBytes: undefined }, () => {
    throw new Error('not expected');
  });
  limiter.observe({ eventLoopDelayMs: 1e9, rssBytes: 1e15 });
  expect(limiter.reason).toBeUndefined();
});

describe('rssLimit', () => {
  it.each([
    ['the configured limit', 500, 1_000, 500],
    ['90 % of the memory limit of the container', 0, 1_000, 900],
    ['undefined if the container has no limit', 0, 18_446_744_073_709_552_000, undefined],
    ['undefined if the limit of the container is unknown', 0, undefined, undefined],
    ['undefined if the limit of the container is reported as 0', 0, 0, undefined],
  ])('is %s', (_, configured, container, expected) => {
    expect(rssLimit(configured, container, 10_000)).toBe(expected);
  });

  it('divides the memory of the container among the workers', () => {
    expect(rssLimit(0, 1_000, 10_000, 3)).toBe(300);
    expect(rssLimit(500, 1_000, 10_000, 3)).toBe(500);
  });
});
