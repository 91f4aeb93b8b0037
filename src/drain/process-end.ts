import type { Logger } from 'pino';
import type { Clock } from '../common/clock.js';

/** What can be brought to an end in good order. */
interface Closable {
  close(): Promise<void>;
}

/** The part of Node's `process` that is used, so that a test can have one of its own. */
export interface EndingProcess {
  on(event: string, listener: (value: unknown) => void): unknown;
  exit(code: number): void;
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * How this process ends: by a signal, with 0, or by an error nobody caught, with 1; either way the gateway is closed in good
 * order first. A second signal ends it at once, and so does `deadlineMs` without an end.
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
    // From the beginning: the first process of a container is not ended by a signal that it does not listen for.
    for (const [signal, number] of Object.entries(SIGNALS)) {
      this.process.on(signal, () => {
        if (this.signalled) {
          // By convention what a shell shows for a process that the signal has killed.
          this.process.exit(128 + number);
          return;
        }
        this.signalled = true;
        this.log.info({ signal }, 'socket_gateway_stopping');
        this.end(0);
      });
    }
  }

  /** From now on there is something to close. */
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
