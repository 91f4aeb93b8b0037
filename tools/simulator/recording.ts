import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FeedPublisher } from '../../src/feed/memory-feed.js';
import { realTimer, type Timer, TurnLimit } from './clock.js';

/** One recorded message. */
export interface RecordedMessage {
  /** Seconds since the recording began. Never less than in the message before. */
  readonly t: number;
  readonly channel: string;
  /** The published string, byte for byte. It may not be valid JSON. */
  readonly data: string;
}

/** A recording that cannot be read. The message is a sentence that names the line. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/**
 * Reads recordings with one JSON object `{"t", "channel", "data"}` per line. Blank lines are
 * skipped.
 * @throws RecordingError on the first invalid line, and for a recording without messages.
 */
export async function parseRecording(
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<RecordedMessage[]> {
  const messages: RecordedMessage[] = [];
  let number = 0;
  let earliest = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    const message = parseLine(line, number);
    if (message.t < earliest) {
      throw new RecordingError(
        `line ${number}: "t" is ${message.t}, earlier than the ${earliest} of the line before.`,
      );
    }
    earliest = message.t;
    messages.push(message);
  }
  if (messages.length === 0) throw new RecordingError('it holds no message.');
  return messages;
}

/**
 * {@link parseRecording} for a file, which is decompressed if its name ends in `.gz`. @throws
 * RecordingError also if the file cannot be read.
 */
export async function readRecording(path: string): Promise<RecordedMessage[]> {
  const file = createReadStream(path);
  // The callback is required. The reader receives an error through the last stream.
  const stream = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file;
  try {
    return await parseRecording(createInterface({ input: stream, crlfDelay: Infinity }));
  } catch (error) {
    if (error instanceof RecordingError) throw new RecordingError(`${path}: ${error.message}`);
    throw new RecordingError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  } finally {
    stream.destroy();
  }
}

function parseLine(line: string, number: number): RecordedMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RecordingError(`line ${number}: it is not JSON.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RecordingError(`line ${number}: it is not a JSON object.`);
  }
  const t: unknown = Reflect.get(value, 't');
  const channel: unknown = Reflect.get(value, 'channel');
  const data: unknown = Reflect.get(value, 'data');
  if (typeof t !== 'number' || t < 0) {
    throw new RecordingError(`line ${number}: "t" must be a number of seconds, zero or more.`);
  }
  if (typeof channel !== 'string' || channel === '') {
    throw new RecordingError(`line ${number}: "channel" must be the name of a channel.`);
  }
  if (typeof data !== 'string') {
    throw new RecordingError(`line ${number}: "data" must be a string, the message as it was published.`);
  }
  return { t, channel, data };
}

export interface ReplayOptions {
  /** 2 replays twice as fast. Default 1. */
  readonly speed?: number;
  /** Ends the replay before its next message. */
  readonly signal?: AbortSignal;
  readonly timer?: Timer;
}

/**
 * Publishes the recorded strings at their recorded pace and in order. The time of each is counted
 * from the start, so a late timer or a slow broker delays single messages but never extends the
 * replay.
 * @returns how many were published: all, unless the signal aborted.
 */
export async function replayRecording(
  messages: readonly RecordedMessage[],
  publish: FeedPublisher['publish'],
  { speed = 1, signal, timer = realTimer }: ReplayOptions = {},
): Promise<number> {
  const start = timer.now();
  const turn = new TurnLimit(timer);
  let published = 0;
  for (const { t, channel, data } of messages) {
    const due = start + (t * 1000) / speed;
    for (let wait = due - timer.now(); wait > 0 && !signal?.aborted; wait = due - timer.now()) {
      // In several steps, because a timer of more than 24 days would fire at once.
      await timer.sleep(Math.min(wait, 60_000), signal);
      turn.renew();
    }
    await turn.check(signal);
    if (signal?.aborted) break;
    await publish(channel, data);
    published++;
  }
  return published;
}
