import { parseTimestamp } from '../../src/contract/timestamp.js';
import { collect, feedOf } from '../simulator/fake-messages.js';
import { FakeTimer } from '../simulator/fake-timer.js';
import { publishFeed } from '../simulator/feed-message.js';
import { type RecordedMessage, summarize } from './recording.js';
import { type ReplayOptions, replayedFeed } from './replayed-feed.js';

const NOW = Date.UTC(2027, 0, 1);

/** A price that was recorded `t` seconds after 2026-11-22T04:43:38, 20 ms after it was made. */
function recorded(t: number): RecordedMessage {
  const time = (ms: number) => new Date(Date.UTC(2026, 10, 22, 4, 43, 38) + ms).toISOString().slice(0, 23);
  const data = `{"product": "NIFTY", "price": ${t}, "timestamp": "${time(t * 1000 - 20)}000", "expiry": "2026-11-26", "processed_at": "${time(t * 1000)}000"}`;
  return { t, channel: 'enriched:underlying', data };
}

const MESSAGES = [1, 1, 1.5, 4].map(recorded);

const feed = async (options: ReplayOptions, messages: readonly RecordedMessage[] = MESSAGES) =>
  replayedFeed(() => feedOf(messages), await summarize(feedOf(messages)), options);

const stampsOf = (data: string) =>
  ['timestamp', 'processed_at'].map(
    (field) => parseTimestamp((JSON.parse(data) as Record<string, unknown>)[field])! / 1000,
  );

describe('the pace of a replay', () => {
  /** When each message was published, and its price. Publishing takes `work` ms. */
  async function play(timer: FakeTimer, speed?: number, work = 0): Promise<[number, number][]> {
    const start = timer.now();
    const played: [number, number][] = [];
    const publish = (_channel: string, data: string) => {
      played.push([timer.now() - start, (JSON.parse(data) as { price: number }).price]);
      timer.spend(work);
    };
    expect(await publishFeed(await feed({ speed, timer }), { publish })).toBe(4);
    return played;
  }

  it('is that of the recording', async () => {
    expect(await play(new FakeTimer())).toEqual([
      [1000, 1],
      [1000, 1],
      [1500, 1.5],
      [4000, 4],
    ]);
  });

  it('is divided by the speed', async () => {
    expect((await play(new FakeTimer(), 2)).map(([at]) => at)).toEqual([500, 500, 750, 2000]);
  });

  it('does not drift when timers are late and publishing takes time', async () => {
    const played = await play(new FakeTimer(7), 1, 3);
    // Each is late because of its own timer, and not because of earlier ones.
    expect(played.map(([at]) => at)).toEqual([1007, 1010, 1507, 4007]);
  });

  it('waits for a slow publisher, writes the entry first, and stops at the signal', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const publish = async (): Promise<void> => {
      seen.push('begin');
      await Promise.resolve();
      seen.push('end');
      if (seen.length === 6) stop.abort();
    };
    let closed = false;
    const read = async function* () {
      try {
        yield* feedOf(MESSAGES);
      } finally {
        closed = true;
      }
    };
    const summary = await summarize(feedOf(MESSAGES));
    const messages = replayedFeed(read, summary, { timer: new FakeTimer(), signal: stop.signal });
    expect(await publishFeed(messages, { publish }, ({ key }) => void seen.push(key))).toBe(2);
    const one = ['latest:underlying:NIFTY', 'begin', 'end'];
    expect(seen).toEqual([...one, ...one]);
    expect(closed).toBe(true);
  });
});

describe('the times of a replay', () => {
  it('are moved to now, at any speed, and nothing else is changed', async () => {
    for (const speed of [1, 10]) {
      const played = await collect(await feed({ speed, timer: new FakeTimer(), clock: () => NOW }));
      for (const [i, { at, data }] of played.entries()) {
        expect(stampsOf(data)).toEqual([NOW + at - 20 / speed, NOW + at]);
        const without = (text: string) => text.replace(/"[^"]*T[^"]*"/g, '');
        expect(without(data)).toBe(without(MESSAGES[i]!.data));
      }
    }
  });

  it('are kept if asked for', async () => {
    const played = await collect(await feed({ keepTimes: true, timer: new FakeTimer() }));
    expect(played.map(({ data }) => data)).toEqual(MESSAGES.map(({ data }) => data));
  });

  it('stay as they are in messages without a readable time', async () => {
    const odd = ['not {json', '{"timestamp": "yesterday", "expiry": "2026-11-26"}', '{"timestamp": 5}'].map(
      (data) => ({ t: 1, channel: 'c', data }),
    );
    for (const messages of [odd, [recorded(1), ...odd]]) {
      const played = await collect(await feed({ timer: new FakeTimer() }, messages));
      expect(played.map(({ data }) => data).slice(-3)).toEqual(odd.map(({ data }) => data));
    }
  });
});

describe('a loop', () => {
  /** The first `count` messages of an endless replay. `clock` may use the time that has passed. */
  async function loop(
    count: number,
    speed: number,
    clock: (elapsed: number) => number,
    messages?: readonly RecordedMessage[],
  ) {
    const timer = new FakeTimer();
    const start = timer.now();
    const played: { at: number; data: string }[] = [];
    const options = { loop: true, speed, timer, clock: () => clock(timer.now() - start) };
    for await (const { at, data } of await feed(options, messages)) {
      expect(timer.now() - start).toBe(at);
      played.push({ at, data });
      if (played.length === count) break;
    }
    return played;
  }

  it('starts each round a recorded second after the last message of the round before', async () => {
    const played = await loop(9, 2, (elapsed) => NOW + elapsed);
    expect(played.map(({ at }) => at)).toEqual([500, 500, 750, 2000, 3000, 3000, 3250, 4500, 5500]);
    expect(played.map(({ data }) => stampsOf(data)[1])).toEqual(played.map(({ at }) => NOW + at));
  });

  it('does not spin over a recording that takes no time', async () => {
    const played = await loop(3, 1, (elapsed) => NOW + elapsed, [recorded(0)]);
    expect(played.map(({ at }) => at)).toEqual([0, 1000, 2000]);
  });

  it('never goes back in time, even if the clock of the machine does', async () => {
    const played = await loop(40, 1, (elapsed) => NOW + elapsed - (elapsed > 7000 ? 60_000 : 0));
    const [times, processed] = [0, 1].map((i) => played.map(({ data }) => stampsOf(data)[i]!));
    for (const list of [times!, processed!]) expect(list).toEqual([...list].sort((a, b) => a - b));
  });

  it('follows a clock that jumps ahead, as after a sleep', async () => {
    const played = await loop(8, 1, (elapsed) => NOW + elapsed + (elapsed > 2000 ? 3_600_000 : 0));
    expect(stampsOf(played[7]!.data)[1]).toBe(NOW + 3_600_000 + played[7]!.at);
  });

  it('plays only what the file had when it was checked', async () => {
    const summary = await summarize(feedOf(MESSAGES.slice(0, 2)));
    const feedLater = replayedFeed(() => feedOf(MESSAGES), summary, { timer: new FakeTimer() });
    expect(await collect(feedLater)).toHaveLength(2);
  });
});
