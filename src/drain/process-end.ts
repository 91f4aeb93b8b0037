import type { Logger } from 'pino';
import type { Clock } from '../common/clock.js';

/** Something that can be shut down in an orderly way. */
interface Closable {
  close(): Promise<void>;
}

/** The part of Node's `process` that is used, so that a test can replace it. */
interface EndingProcess {
  on(event: string, listener: (value: unknown) => void): unknown;
  exit(code: number): void;
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Ends this process: with exit code 0 on a signal, or with 1 on an uncaught error. In both cases
 * the gateway is closed first. The process exits at once on a second signal, or if closing takes
 * longer than `deadlineMs`.
 */
export class ProcessEnd {
  private gateway: Closable | undefined;
  private exitCode: number | undefined;
  private signalled = false;

  constructor(
    private readonly log: Pick<Logger, 'info' | 'error' | 'fatal'>,
    private readonly deadlineMs: number,
    private readonly process: EndingProcess,
    private readonly clock: Pick<Clock, 'now' | 'after'>,
  ) {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      this.process.on(event, (error) => {
        log.fatal({ err: error, event }, 'uncaught_error');
        this.end(1);
      });
    }
    // Listen from the start: PID 1 of a container ignores signals for which it has no listener.
    for (const [signal, number] of Object.entries(SIGNALS)) {
      this.process.on(signal, () => {
        if (this.signalled) {
          // The exit code that shells report for a process killed by the signal.
          this.process.exit(128 + number);
          return;
        }
        this.signalled = true;
        this.log.info({ signal }, 'socket_gateway_stopping');
        this.end(0);
      });
    }
  }

  /** Sets the gateway that must be closed before the process ends. */
  serve(gateway: Closable): void {
    this.gateway = gateway;
  }

  private end(code: number): void {
    const ending = this.exitCode !== undefined;
    this.exitCode = Math.max(this.exitCode ?? 0, code);
    if (ending) return;
    if (!this.gateway) {
      this.process.exit(this.exitCode);
      return;
    }
    const started = this.clock.now();
    const ms = (): number => Math.round(this.clock.now() - started);
    const deadline = this.clock.after(this.deadlineMs, () => {
      this.log.fatal({ ms: ms() }, 'socket_gateway_stop_timed_out');
      this.process.exit(1);
    });
    deadline.unref?.();
    this.gateway.close().then(
      () => {
        this.log.info({ ms: ms() }, 'socket_gateway_stopped');
        this.process.exit(this.exitCode ?? 0);
      },
      (error: unknown) => {
        this.log.error({ err: error }, 'socket_gateway_stop_failed');
        this.process.exit(1);
      },
    );
  }
}
