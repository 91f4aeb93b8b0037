import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../src/common/message-of.js';
import { processedAt } from '../simulator/message-times.js';

/** One recorded message. */
export interface RecordedMessage {
  /** Seconds since the recording began. Never less than in the message before. */
  readonly t: number;
  readonly channel: string;
  /** The published string, byte for byte. It may not be valid JSON. */
  readonly data: string;
}

/** What a replay has to know of a recording before it starts. */
export interface RecordingSummary {
  readonly count: number;
  /** `t` of the last message, s. */
  readonly lastT: number;
  /**
   * The recorded clock at `t` = 0, in microseconds since the epoch: the latest that any message
   * implies, so that a restamped message is never in the future. Undefined if none has a time.
   */
  readonly start: number | undefined;
}

/** A recording that cannot be read or written. The message is a sentence. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/** The longest line, so that a file which is not a recording does not fill the memory. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Whether a file of this name is compressed. */
export const isCompressed = (path: string): boolean => path.endsWith('.gz');

/** The line of a message, with its line feed. `t` is cut to microseconds. */
export function formatLine({ t, channel, data }: RecordedMessage): string {
  return `${JSON.stringify({ t: Math.floor(t * 1e6) / 1e6, channel, data })}\n`;
}

/**
 * Reads a recording from a file, one message at a time. The file is decompressed if its name ends
 * in `.gz`.
 * @throws RecordingError on the first invalid line, which it names, and if the file cannot be read.
 */
export async function* readRecording(path: string): AsyncGenerator<RecordedMessage> {
  const file = createReadStream(path);
  // The callback is required. The reader receives an error through the last stream.
  const stream = isCompressed(path) ? pipeline(file, createGunzip(), () => undefined) : file;
  try {
    yield* parseRecording(linesOf(stream as AsyncIterable<Buffer>));
  } catch (error) {
    if (error instanceof RecordingError) throw new RecordingError(`${path}: ${error.message}`);
    throw new RecordingError(`${path} cannot be read: ${messageOf(error)}.`);
  } finally {
    stream.destroy();
    file.destroy();
  }
}

/**
 * Reads a whole file once, without keeping it.
 * @throws RecordingError as {@link readRecording}, and if the file holds no message or cannot be
 * read a second time.
 */
export async function checkRecording(path: string): Promise<RecordingSummary> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile()) throw new RecordingError(`${path} is not a file.`);
  const summary = await summarize(readRecording(path));
  if (summary.count === 0) throw new RecordingError(`${path}: it holds no message.`);
  return summary;
}

export async function summarize(messages: AsyncIterable<RecordedMessage>): Promise<RecordingSummary> {
  let count = 0;
  let lastT = 0;
  let start: number | undefined;
  for await (const { t, data } of messages) {
    count++;
    lastT = t;
    const processed = processedAt(data);
    if (processed !== undefined) start = Math.max(start ?? -Infinity, processed - t * 1e6);
  }
  return { count, lastT, start };
}

/**
 * Parses lines with one JSON object `{"t", "channel", "data"}` each. Blank lines are skipped.
 * @throws RecordingError that names the first invalid line.
 */
export async function* parseRecording(
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<RecordedMessage> {
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
    yield message;
  }
}

/**
 * Splits bytes into lines.
 * @throws RecordingError if a line is longer than {@link MAX_LINE_BYTES}.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = 1;
  const add = (part: Buffer): void => {
    parts.push(part);
    size += part.length;
    if (size > MAX_LINE_BYTES) {
      throw new RecordingError(`line ${number}: it is longer than ${MAX_LINE_BYTES / 2 ** 20} MB.`);
    }
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      add(chunk.subarray(from, end));
      yield Buffer.concat(parts).toString();
      parts = [];
      size = 0;
      number++;
      from = end + 1;
    }
    add(chunk.subarray(from));
  }
  if (size > 0) yield Buffer.concat(parts).toString();
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
  if (typeof t !== 'number' || t < 0 || t === Infinity) {
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
