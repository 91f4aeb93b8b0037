import type { Clock, Timer } from './clock.js';

/**
 * How long silence may last, and how long the answer to a question may take, as parts of the
 * interval in which the gateway promises to send something. With 2 s, these are 2.8 and 1.3 s.
 */
const SILENCE = 1.4;
const PATIENCE = 0.65;
/** How long a message that has already arrived may wait for its turn, in ms. */
const TURN_MS = 100;
/**
 * A timer that is this late shows that the page or the machine was suspended, or the program busy,
 * in ms. Silence proves nothing then, so the wait begins again.
 */
const LATE_MS = 1_000;

export interface WatchdogOptions {
  readonly clock: Clock;
  /** The gateway sends something at least this often, in ms. */
  readonly everyMs: number;
  /** Whether to ask in every interval, and not only if a request remains without an answer. */
  readonly probes: boolean;
  /** Asks the gateway for a sign of life. */
  readonly ask: (answered: () => void) => void;
  readonly dead: () => void;
}

/** Notices that a connection is dead, although its socket is open. */
export class Watchdog {
  /** How long a request may remain without an answer, in ms. */
  readonly patienceMs: number;
  private heardAt = 0;
  private silence: Timer | undefined;
  private question: Timer | undefined;
  private isAsking = false;
  private isStopped = false;

  constructor(private readonly options: WatchdogOptions) {
    this.patienceMs = PATIENCE * options.everyMs;
  }

  start(): void {
    this.heard();
    this.watch();
    if (this.options.probes) this.probe();
  }

  stop(): void {
    this.isStopped = true;
    this.silence?.cancel();
    this.question?.cancel();
  }

  /** Call this for every message of the gateway. */
  heard(): void {
    this.heardAt = this.options.clock.now();
  }

  /** Asks the gateway whether the connection works in both directions. */
  probe(): void {
    if (this.isAsking || this.isStopped) return;
    const { clock, everyMs, probes, ask, dead } = this.options;
    this.isAsking = true;
    const again = (): void => {
      this.isAsking = false;
      this.probe();
    };
    const wait = (ms: number, then: () => void): void => {
      this.question = this.after(ms, then, again);
    };
    wait(this.patienceMs, () => wait(TURN_MS, dead));
    ask(() => {
      if (!this.isAsking || this.isStopped) return;
      this.question?.cancel();
      this.isAsking = false;
      if (probes) this.question = clock.after(everyMs - this.patienceMs / 2, () => this.probe());
    });
  }

  /** Waits for the end of the silence that is allowed from the last message on. */
  private watch(): void {
    const { clock, everyMs, dead } = this.options;
    const limitMs = SILENCE * everyMs;
    const isSilent = (): boolean => clock.now() - this.heardAt >= limitMs;
    const late = (): void => {
      this.heard();
      this.watch();
    };
    const wait = (ms: number, then: () => void): void => {
      this.silence = this.after(ms, () => (isSilent() ? then() : this.watch()), late);
    };
    wait(this.heardAt + limitMs - clock.now(), () => wait(TURN_MS, dead));
  }

  private after(ms: number, task: () => void, late: () => void): Timer {
    const { clock } = this.options;
    const due = clock.now() + ms;
    return clock.after(ms, () => (clock.now() - due < LATE_MS ? task() : late()));
  }
}
