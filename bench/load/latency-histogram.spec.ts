import { LatencyHistogram, mergeLatencies, percentileMs } from './latency-histogram.js';

describe('LatencyHistogram', () => {
  it('returns percentiles with an error of one per cent over seven orders of magnitude', () => {
    for (const scale of [1, 100, 10_000, 1_000_000]) {
      const histogram = new LatencyHistogram();
      for (let i = 1; i <= 1000; i++) histogram.add(i * scale);
      const counts = histogram.counts();
      for (const share of [0.01, 0.5, 0.99]) {
        const exactMs = share * scale;
        expect(Math.abs(percentileMs(counts, share) / exactMs - 1)).toBeLessThan(0.01);
      }
      expect(counts.maxUs).toBe(1000 * scale);
    }
  });

  it('merges, and is empty after clear', () => {
    const [first, second] = [new LatencyHistogram(), new LatencyHistogram()];
    first.add(100);
    second.add(200);
    const merged = mergeLatencies([first.counts(), second.counts()]);
    expect([percentileMs(merged, 0.5), percentileMs(merged, 1)]).toEqual([0.1, 0.2]);
    first.clear();
    expect(percentileMs(first.counts(), 0.5)).toBeNaN();
  });
});
