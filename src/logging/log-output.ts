import type { Writable } from 'node:stream';
import { type Clock, systemClock, type Timer } from '../common/clock.js';

/** Text that waits for a reader, in characters: about 5,000 lines. */
const MAX_WAITING = 1_048_576;
/** How long the end of the process waits for a reader, ms. */
const FLUSH_TIMEOUT_MS = 1_000;

/**
 * Writes log lines without ever waiting for their reader. pino's own destination blocks the thread
 * until a full pipe has room, and on a full disk it retries for ever. Here a line that cannot be
 * written is dropped and counted, and the gateway keeps serving.
 */
export class LogOutput {
  private lost = 0;
  private collecting = false;

  constructor(
    private readonly stream: Writable,
    private readonly clock: Pick<Clock, 'after' | 'soon'> = systemClock,
  ) {
    // Without a listener, a write error would end the process. The write's own callback counts it.
    stream.on('error', () => undefined);
  }

  /** Lines that were dropped since the start. */
  get dropped(): number {
    return this.lost;
  }

  write(line: string): void {
    if (this.stream.writableLength + line.length > MAX_WAITING) {
      this.lost++;
      return;
    }
    this.collect();
    this.stream.write(line, (error) => {
      if (error) this.lost++;
    });
  }

  /** Calls `done` when everything is written, and after `timeoutMs` in any case. */
  flush(done: () => void, timeoutMs = FLUSH_TIMEOUT_MS): void {
    this.release();
    if (this.stream.writableLength === 0) {
      done();
      return;
    }
    let timer: Timer | undefined = undefined;
    const finish = (): void => {
      if (timer === undefined) return;
      timer.cancel();
      timer = undefined;
      done();
    };
    timer = this.clock.after(timeoutMs, finish);
    this.stream.write('', finish);
  }

  /** Passes on the lines that were collected in this turn of the event loop. */
  release(): void {
    if (!this.collecting) return;
    this.collecting = false;
    this.stream.uncork();
  }

  /**
   * Collects the lines of one turn of the event loop and writes them with one system call: when
   * thousands of clients connect at once, each of them causes several lines.
   */
  private collect(): void {
    if (this.collecting) return;
    this.collecting = true;
    this.stream.cork();
    this.clock.soon(() => this.release());
  }
}

let standard: LogOutput | undefined;

/**
 * The process's standard output. Pipes and sockets are written in the background. Files are written
 * at once. Standard error, to which only a failed start and Node's warnings go, must not end the
 * process either.
 */
export function standardOutput(): LogOutput {
  if (standard === undefined) {
    standard = new LogOutput(process.stdout);
    process.stderr.on('error', () => undefined);
    process.on('exit', () => standard?.release());
  }
  return standard;
}

/** Ends the process once the log is written, but never waits for a reader that does not come. */
export function exitWhenWritten(code: number): void {
  standardOutput().flush(() => process.exit(code));
}
