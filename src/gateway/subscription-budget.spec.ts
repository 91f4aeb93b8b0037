import type { RoomAddress } from '../contract/index.js';
import { RequestError } from './request-error.js';
import { checkBudget } from './subscription-budget.js';

const BUDGET = { maxSubscriptions: 6, maxUnknownSubscriptions: 2 };
const GENERAL: RoomAddress = { type: 'general' };
const product = (symbol: string): RoomAddress => ({ type: 'product', symbol });
const chain = (symbol: string): RoomAddress => ({ type: 'chain', symbol });

function refusal(held: readonly string[], ...asked: RoomAddress[]): RequestError | undefined {
  try {
    checkBudget(BUDGET, new Set(held), asked, (symbol) => symbol.startsWith('KNOWN'));
    return undefined;
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}

it.each([
  ['as many unknown rooms as are allowed', [], [product('A'), product('B')]],
  ['rooms of known products next to those', ['product:A', 'product:B'], [product('KNOWN1'), GENERAL]],
  ['a room that the client is in', ['product:A', 'product:B'], [product('A')]],
])('allows %s', (_, held, asked) => {
  expect(refusal(held, ...asked)).toBeUndefined();
});

it.each([
  ['those that exceed the limit, in the order of the request', [], ['A', 'B', 'C', 'D'], ['C', 'D']],
  ['none of a known product', ['product:A'], ['KNOWN1', 'B', 'C', 'KNOWN2'], ['C']],
  ['all unknown ones if the limit is exhausted', ['product:A', 'chain:A'], ['B', 'KNOWN1', 'C'], ['B', 'C']],
])('refuses unknown rooms for now, and names %s', (_, held, asked, rooms) => {
  const refused = refusal(held, ...asked.map(product));
  expect(refused).toMatchObject({
    code: 'TOO_MANY_SUBSCRIPTIONS',
    rooms: rooms.map((symbol) => `product:${symbol}`),
  });
  // The product and the chains of a made-up symbol are two rooms.
  expect(refusal(['product:A', 'product:B'], chain('A'))?.rooms).toEqual(['chain:A']);
});

it('spreads the retries over 30 to 60 s', () => {
  const times = Array.from(
    { length: 100 },
    () => refusal(['product:A', 'product:B'], product('C'))!.retryAfterMs!,
  );
  expect(Math.min(...times)).toBeGreaterThanOrEqual(30_000);
  expect(Math.max(...times)).toBeLessThanOrEqual(60_000);
  expect(new Set(times).size).toBeGreaterThan(50);
});

it('too many rooms in all are refused without a time, because waiting would not help', () => {
  const held = [1, 2, 3, 4, 5, 6].map((n) => `product:KNOWN${n}`);
  const refused = refusal(held, product('A'));
  expect(refused?.toPayload('subscribe')).toEqual({
    code: 'TOO_MANY_SUBSCRIPTIONS',
    event: 'subscribe',
    message: 'Invalid subscription request',
    details: [
      {
        field: 'symbols',
        problem: 'must not bring your subscriptions above 6; unsubscribe from other rooms first',
      },
    ],
  });
});
