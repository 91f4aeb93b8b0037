import { LatencyHistogram, percentileMs } from './latency-histogram.js';
import { Resumption } from './resumption.js';

const update = (product: string, timestamp: string) =>
  Buffer.from(`42["underlying_update",{"product":"${product}","timestamp": "${timestamp}"}]`);
const subscribed = (product: string, recovery: string) =>
  `42["subscribed",{"room":"product:${product}","message":""${recovery}}]`;

describe('Resumption', () => {
  const results = { notRecovered: 0, catchUps: new LatencyHistogram() };
  const resumption = new Resumption(['A', 'B'], results);
  const count = () => results.catchUps.counts().counts.reduce((sum, n) => sum + n, 0);

  it('asks for nothing on the first connection, and then since the newest update of each product', () => {
    resumption.opened(0);
    expect(resumption.request()).toBe('42["subscribe",{"type":"product","symbols":["A","B"]}]');
    for (const product of ['A', 'B']) resumption.confirmed(subscribed(product, ''), 1);
    for (const time of ['t1', 't2']) resumption.took(update('A', time), 2);
    expect(count()).toBe(0);
    resumption.opened(1_000);
    expect(resumption.request()).toContain('"since":{"A":"t2"}');
  });

  it('has caught up with the last update that was missed, and counts what was not recovered', () => {
    resumption.confirmed(subscribed('A', ',"recovered":true,"replayed":2'), 2_000);
    resumption.confirmed(subscribed('B', ''), 3_000); // it had no update of B, so it missed none
    resumption.took(update('A', 't3'), 4_000);
    expect(count()).toBe(0);
    resumption.took(update('A', 't4'), 6_000);
    expect([count(), results.notRecovered]).toEqual([1, 0]);
    expect(percentileMs(results.catchUps.counts(), 0.5)).toBeCloseTo(5, 1);
    resumption.opened(10_000);
    resumption.confirmed(subscribed('A', ',"recovered":false'), 11_000);
    resumption.confirmed(subscribed('B', ''), 12_000);
    expect([count(), results.notRecovered]).toEqual([2, 1]);
  });
});
