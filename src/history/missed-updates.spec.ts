import { seededRandom } from '../../test/support/manual-clock.js';
import { historyId, timeOfId } from './history-id.js';
import { joinUpdates, MAX_REPLAYED, missedUpdates, type Replayable } from './missed-updates.js';

/** An update with the timestamp `time`, in µs. */
const update = (time: number, { gap = false, processed = time } = {}) => ({
  ...historyId(time, processed),
  value: `${time}`,
  gap,
  receivedAt: 0,
});
const times = (updates: readonly Replayable[] | undefined) => updates?.map((one) => timeOfId(one));

describe('missedUpdates', () => {
  const known = [10, 20, 30, 40].map((time) => update(time));

  it('returns what is newer than the newest update of the client', () => {
    expect(times(missedUpdates(known, 20))).toEqual([30, 40]);
    expect(times(missedUpdates(known, 40))).toEqual([]);
    // The update itself need not be known, if an older one is.
    expect(times(missedUpdates(known, 25))).toEqual([30, 40]);
  });

  it('does not know what a client missed whose update is older than all', () => {
    expect(missedUpdates(known, 9)).toBeUndefined();
    expect(missedUpdates([], 9)).toBeUndefined();
  });

  it('does not know what a client missed whose update is newer than all', () => {
    expect(missedUpdates(known, 41)).toBeUndefined();
  });

  it('does not recover over a gap, or from the first update after it, but from a later one', () => {
    const gap = [update(10), update(20), update(30, { gap: true }), update(40)];
    expect(missedUpdates(gap, 20)).toBeUndefined();
    expect(missedUpdates(gap, 25)).toBeUndefined();
    // The client may have another update with the same timestamp, from within the gap.
    expect(missedUpdates(gap, 30)).toBeUndefined();
    expect(times(missedUpdates(gap, 35))).toEqual([40]);
    expect(missedUpdates([update(30), update(40)], 30)).toBeUndefined();
  });

  it('does not guess which of several updates with the same timestamp the client has', () => {
    const same = [update(5), update(10), update(20), update(20, { processed: 25 }), update(30)];
    expect(missedUpdates(same, 20)).toBeUndefined();
    expect(times(missedUpdates(same, 10))).toEqual([20, 20, 30]);
    expect(times(missedUpdates(same, 30))).toEqual([]);
  });

  it('replays a bounded number of updates', () => {
    const many = Array.from({ length: MAX_REPLAYED + 2 }, (_, n) => update(n + 1));
    expect(missedUpdates(many, 1)).toBeUndefined();
    expect(missedUpdates(many, 2)).toHaveLength(MAX_REPLAYED);
  });
});

it('returns exactly what was published after the newest update of the client, or nothing', () => {
  const random = seededRandom(7);
  const below = (limit: number): number => Math.floor(random() * limit);
  let recovered = 0;
  for (let round = 0; round < 5_000; round++) {
    let [time, processed] = [1, 1];
    const published = Array.from({ length: 1 + below(30) }, () => {
      if (random() > 0.05) [time, processed] = [time + 1 + below(3), 0];
      processed = Math.max(time, processed) + 1 + below(5);
      return { ...update(time, { processed }), value: `${time} ${processed}` };
    });
    // The store has lost its oldest entries, does not have the last ones yet, and may have a gap.
    const end = below(published.length + 1);
    const start = below(end + 1);
    const missing = random() < 0.2 ? start + below(end - start + 1) : -1;
    const stored = published
      .slice(0, end)
      .map((one, index) => (index === missing + 1 ? { ...one, gap: missing >= 0 } : one))
      .filter((_, index) => index >= start && index !== missing);
    // The replica began to listen at some moment.
    const recent = published.slice(below(published.length + 1));
    const had = below(published.length);
    const since = published[had]!;
    const from = stored.findLastIndex((one) => timeOfId(one) <= timeOfId(since));
    const joined = joinUpdates(from < 0 ? [] : stored.slice(Math.max(0, from - 1)), recent);
    for (const missed of [
      joined && missedUpdates(joined, timeOfId(since)),
      missedUpdates(recent, timeOfId(since)),
    ]) {
      if (!missed) continue;
      recovered++;
      expect(missed.map(({ value }) => value)).toEqual(published.slice(had + 1).map(({ value }) => value));
    }
  }
  expect(recovered).toBeGreaterThan(1_000);
});
