import type { Clock, Timer } from '../common/clock.js';

interface LogLevelOptions {
  readonly clock: Pick<Clock, 'after' | 'wallNow'>;
  readonly configured: string;
  /** Has the loggers of this process write lines of this level and above. */
  readonly set: (level: string) => void;
}

/** The level of this process's log: the configured one, or another for a limited time. */
export class LogLevel {
  private configuredLevel: string;
  private override: { readonly level: string; readonly until: number; readonly timer: Timer } | undefined;

  constructor(private readonly options: LogLevelOptions) {
    this.configuredLevel = options.configured;
  }

  get configured(): string {
    return this.configuredLevel;
  }

  get current(): string {
    return this.override?.level ?? this.configuredLevel;
  }

  /** Until when the level is not the configured one, ms since the epoch; undefined if it is. */
  get until(): number | undefined {
    return this.override?.until;
  }

  /** Sets the level that applies unless there is another one for a limited time. */
  configure(level: string): void {
    this.configuredLevel = level;
    this.options.set(this.current);
  }

  /** Sets another level, and after `ms` the configured one again. */
  change(level: string, ms: number): void {
    const { clock } = this.options;
    this.override?.timer.cancel();
    const timer = clock.after(ms, () => this.reset());
    timer.unref?.();
    this.override = { level, until: clock.wallNow() + ms, timer };
    this.options.set(level);
  }

  reset(): void {
    this.override?.timer.cancel();
    this.override = undefined;
    this.options.set(this.configuredLevel);
  }
}
