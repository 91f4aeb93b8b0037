import { FakeTimer } from './fake-timer.js';
import {
  parseRecording,
  readRecording,
  type RecordedMessage,
  RecordingError,
  replayRecording,
} from './recording.js';
import { Restamper } from './restamp.js';

const PRICE =
  '{"type": "UNDERLYING_ENRICHED", "product": "NIFTY", "price": 21500.0, "timestamp": "2026-11-22T04:43:39.333273", "processed_at": "2026-11-22T04:43:39.353886"}';

function line(t: unknown, channel: unknown = 'enriched:underlying', data: unknown = PRICE): string {
  return JSON.stringify({ t, channel, data });
}

describe('parseRecording', () => {
  it('reads one message per line with its data unchanged, and skips blank lines', async () => {
    const messages = await parseRecording([line(0.5), '', line(0.5, 'other', 'not {json'), '  ']);
    expect(messages).toEqual([
      { t: 0.5, channel: 'enriched:underlying', data: PRICE },
      { t: 0.5, channel: 'other', data: 'not {json' },
    ]);
  });

  it.each([
    ['{"t": 1', 'line 2: it is not JSON.'],
    ['[1]', 'line 2: it is not a JSON object.'],
    [line('1'), 'line 2: "t" must be a number of seconds'],
    [line(-1), 'line 2: "t" must be a number of seconds'],
    [line(1, ''), 'line 2: "channel" must be'],
    [line(1, 'c', { price: 1 }), 'line 2: "data" must be a string'],
    [line(0.25), 'line 2: "t" is 0.25, earlier than the 0.5 of the line before.'],
  ])('names the line of %s', async (bad, problem) => {
    const parsing = parseRecording([line(0.5), bad, line(2)]);
    await expect(parsing).rejects.toThrow(RecordingError);
    await expect(parseRecording([line(0.5), bad])).rejects.toThrow(problem);
  });

  it('rejects an empty recording', async () => {
    await expect(parseRecording(['', ''])).rejects.toThrow('it holds no message.');
  });

  it('names a file that cannot be read', async () => {
    await expect(readRecording('no-such-recording.jsonl')).rejects.toThrow(
      /^no-such-recording\.jsonl cannot be read/,
    );
  });
});

describe('replayRecording', () => {
  const messages: RecordedMessage[] = [1, 1, 1.5, 4].map((t, i) => ({
    t,
    channel: `c${i}`,
    data: String(i),
  }));

  async function replay(timer: FakeTimer, speed?: number, work = 0): Promise<[number, string][]> {
    const start = timer.now();
    const played: [number, string][] = [];
    const count = await replayRecording(
      messages,
      (_channel, data) => {
        played.push([timer.now() - start, data]);
        timer.spend(work);
      },
      { speed, timer },
    );
    expect(count).toBe(4);
    return played;
  }

  it('publishes in order at the recorded pace', async () => {
    expect(await replay(new FakeTimer())).toEqual([
      [1000, '0'],
      [1000, '1'],
      [1500, '2'],
      [4000, '3'],
    ]);
  });

  it('replays faster', async () => {
    expect((await replay(new FakeTimer(), 2)).map(([at]) => at)).toEqual([500, 500, 750, 2000]);
  });

  it('does not drift when timers are late and publishing takes time', async () => {
    const played = await replay(new FakeTimer(7), 1, 3);
    // Each is late because of its own timer, and not because of earlier ones.
    expect(played.map(([at]) => at)).toEqual([1007, 1010, 1507, 4007]);
  });

  it('waits for a slow publisher, and stops at the signal', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const publish = async (_channel: string, data: string): Promise<void> => {
      seen.push(`begin ${data}`);
      await Promise.resolve();
      seen.push(`end ${data}`);
      if (data === '1') stop.abort();
    };
    expect(await replayRecording(messages, publish, { timer: new FakeTimer(), signal: stop.signal })).toBe(2);
    expect(seen).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1']);
  });
});

describe('Restamper', () => {
  const START = Date.UTC(2027, 0, 1);
  const recorded: RecordedMessage[] = [
    {
      t: 1,
      channel: 'c',
      data: '{"price": 1.0, "timestamp": "2026-11-22T04:43:39.333273", "processed_at": "2026-11-22T04:43:39.353886"}',
    },
    {
      t: 3,
      channel: 'c',
      data: '{"price": 2.0, "timestamp": "2026-11-22T04:43:41.333273", "processed_at": "2026-11-22T04:43:41.353886"}',
    },
  ];

  it('moves times to the time of the replay, and changes nothing else', () => {
    expect(new Restamper(recorded, 1).restamp(recorded[1]!.data, START)).toBe(
      '{"price": 2.0, "timestamp": "2027-01-01T00:00:02.979387", "processed_at": "2027-01-01T00:00:03.000000"}',
    );
  });

  it('keeps the order, and never creates a time in the future at another speed', () => {
    const restamper = new Restamper(recorded, 10);
    expect(recorded.map(({ data }) => restamper.restamp(data, START).slice(-28, -2))).toEqual([
      '2027-01-01T00:00:00.100000',
      '2027-01-01T00:00:00.300000',
    ]);
  });

  it('does not change messages without a readable time', () => {
    const odd = ['not {json', '{"timestamp": "yesterday", "expiry": "2026-11-26"}', '{"timestamp": 5}'];
    const restamper = new Restamper(recorded, 1);
    for (const data of odd) expect(restamper.restamp(data, START)).toBe(data);
    expect(new Restamper([], 1).restamp(PRICE, START)).toBe(PRICE);
  });
});
