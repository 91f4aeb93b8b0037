import { type FileHandle, open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../../src/common/message-of.js';
import { realTimer, type Timer } from '../simulator/clock.js';
import {
  formatLine,
  isCompressed,
  MAX_LINE_BYTES,
  type RecordedMessage,
  RecordingError,
} from './recording.js';

export interface WriterOptions {
  /** Writing ends when the file has reached this size, bytes. */
  readonly maxBytes: number;
  readonly timer?: Timer;
}

/** Why {@link RecordingWriter.run} ended. */
export type WriterEnd = 'stopped' | 'full';

const WRITE_INTERVAL_MS = 200;
/** How much may wait for a slow disk. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/**
 * When waiting lines are written: as soon as there are so many bytes, or after so many ms. Larger
 * parts compress better, but more is lost if the process is killed.
 */
const PLAIN = { bytes: 1, ms: 0 };
const COMPRESSED = { bytes: 1024 * 1024, ms: 5_000 };

const compress = promisify(gzip);

/**
 * Writes a recording line by line. Each write has whole lines, and in a compressed file it is a
 * gzip member by itself. A write that fails is taken back. So the file can be read up to its last
 * write, whatever ends the recording.
 */
export class RecordingWriter {
  /** Messages in the file. */
  messages = 0;
  /** Messages left out, because the disk was too slow for them, or because they are too long. */
  dropped = 0;
  /** The size of the file. */
  fileBytes = 0;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private lastWrite: number;

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly maxBytes: number,
    private readonly timer: Timer,
  ) {
    this.lastWrite = timer.now();
  }

  /**
   * Creates the file, and compresses it if its name ends in `.gz`.
   * @throws RecordingError if the file exists or cannot be created.
   */
  static async create(
    path: string,
    { maxBytes, timer = realTimer }: WriterOptions,
  ): Promise<RecordingWriter> {
    const existing = await stat(path).catch(() => undefined);
    if (existing?.isFile()) {
      throw new RecordingError(`${path} exists already. Delete it, or choose another name.`);
    }
    try {
      return new RecordingWriter(path, await open(path, existing ? 'w' : 'wx'), maxBytes, timer);
    } catch (error) {
      throw new RecordingError(`${path} cannot be created: ${messageOf(error)}.`);
    }
  }

  /** Adds a message to those that wait to be written. */
  add(message: RecordedMessage): void {
    const line = Buffer.from(formatLine(message));
    if (line.length > MAX_LINE_BYTES || this.waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.dropped++;
      return;
    }
    this.waiting.push(line);
    this.waitingBytes += line.length;
  }

  /**
   * Writes what is added until `signal` aborts or the file has reached its maximum size.
   * @throws RecordingError if the file cannot be written.
   */
  async run(signal: AbortSignal): Promise<WriterEnd> {
    const { bytes, ms } = isCompressed(this.path) ? COMPRESSED : PLAIN;
    while (!signal.aborted) {
      await this.timer.sleep(WRITE_INTERVAL_MS, signal);
      if (this.waitingBytes >= bytes || this.timer.now() - this.lastWrite >= ms) await this.write();
      if (this.fileBytes >= this.maxBytes) return 'full';
    }
    return 'stopped';
  }

  /**
   * Writes the rest and closes the file. Call it after {@link run} has ended.
   * @throws RecordingError if the file cannot be written.
   */
  async close(): Promise<void> {
    await this.write();
    await this.file.close();
  }

  private async write(): Promise<void> {
    this.lastWrite = this.timer.now();
    if (this.waiting.length === 0) return;
    const count = this.waiting.length;
    const lines = Buffer.concat(this.waiting);
    this.waiting = [];
    try {
      const part = isCompressed(this.path) ? await compress(lines) : lines;
      await this.file.appendFile(part);
      this.messages += count;
      this.fileBytes += part.length;
    } catch (error) {
      this.dropped += count;
      // A device, such as /dev/full, cannot be truncated.
      await this.file.truncate(this.fileBytes).catch(() => undefined);
      await this.file.close();
      throw new RecordingError(
        codeOf(error) === 'ENOSPC'
          ? `${this.path} cannot be written: the disk is full.`
          : `${this.path} cannot be written: ${messageOf(error)}.`,
      );
    } finally {
      this.waitingBytes -= lines.length;
    }
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
