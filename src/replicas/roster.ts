import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { FAULT_SOURCE, type FaultSource } from '../redis/fault-source.js';
import { ReplicaBus } from './replica-bus.js';

/** How often a replica tells the others that it serves, ms. */
const HELLO_MS = 30_000;
/**
 * When a new replica asks the others for their names, ms after its start: its first question may be
 * lost while it connects to Redis.
 */
const ASK_AT_MS = [0, 1_000, 5_000];
/** A replica that was silent for so long is forgotten, ms: it has ended without a word. */
export const FORGET_MS = 3 * HELLO_MS + 5_000;
/** How often it is looked whether Redis works, ms. */
const LOOK_MS = 1_000;
/** After Redis has come back, the others have this time to be heard of before they are forgotten, ms. */
const BACK_MS = 5_000;
/** The most replicas that are remembered. */
const MAX_REPLICAS = 1_000;

/**
 * The other replicas that serve. Without it, the answer of a replica that hangs or was killed would
 * not be missed. It costs one small message of each replica in 30 seconds.
 */
@Injectable()
export class Roster implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  /** When each was last heard of, ms of the clock. */
  private readonly heardAt = new Map<string, number>();
  private readonly timers = new Set<Timer>();
  private ended = false;
  private wasCut = false;

  constructor(
    private readonly bus: ReplicaBus,
    @Inject(FAULT_SOURCE) private readonly faults: FaultSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.bus.on('hello', (from, { asks }) => {
      this.heard(from);
      if (asks === true && !this.ended) this.bus.send('hello', {});
    });
    this.bus.on('bye', (from) => void this.heardAt.delete(from));
  }

  onApplicationBootstrap(): void {
    for (const ms of ASK_AT_MS) this.after(ms, () => this.bus.send('hello', { asks: true }));
    this.after(HELLO_MS, () => this.repeat());
    this.after(LOOK_MS, () => this.look());
  }

  onApplicationShutdown(): void {
    this.ended = true;
    for (const timer of this.timers) timer.cancel();
    this.bus.send('bye', {});
  }

  /** Records that a message of this replica has come. */
  heard(name: string): void {
    if (this.heardAt.size >= MAX_REPLICAS && !this.heardAt.has(name)) this.forgetOld();
    if (this.heardAt.size < MAX_REPLICAS || this.heardAt.has(name)) this.heardAt.set(name, this.clock.now());
  }

  /** The names of the other replicas, sorted. */
  get others(): readonly string[] {
    this.forgetOld();
    return [...this.heardAt.keys()].sort();
  }

  /** Why the other replicas cannot be reached; undefined if they can. */
  get problem(): string | undefined {
    return this.faults.problem('adapter-sub') ?? this.faults.problem('commands');
  }

  /** How long nothing has come from this replica, ms. */
  silentMs(name: string): number {
    return this.clock.now() - (this.heardAt.get(name) ?? -Infinity);
  }

  /** While Redis is away, all others are silent. When it is back, they are asked for. */
  private look(): void {
    const isCut = this.problem !== undefined;
    if (this.wasCut && !isCut) {
      const latest = this.clock.now() - FORGET_MS + BACK_MS;
      for (const [name, at] of this.heardAt) this.heardAt.set(name, Math.max(at, latest));
      this.bus.send('hello', { asks: true });
    }
    this.wasCut = isCut;
    this.after(LOOK_MS, () => this.look());
  }

  private forgetOld(): void {
    if (this.wasCut || this.problem !== undefined) return;
    for (const name of this.heardAt.keys()) if (this.silentMs(name) > FORGET_MS) this.heardAt.delete(name);
  }

  private repeat(): void {
    this.bus.send('hello', {});
    this.after(HELLO_MS, () => this.repeat());
  }

  private after(ms: number, task: () => void): void {
    const timer = this.clock.after(ms, () => {
      this.timers.delete(timer);
      task();
    });
    timer.unref?.();
    this.timers.add(timer);
  }
}
