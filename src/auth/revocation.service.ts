import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { backoffMs } from '../common/backoff.js';
import { GatewayConfig } from '../config/gateway-config.js';
import type { FeedListener } from '../feed/feed-source.js';
import { messageOf } from '../common/message-of.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { AuthMetrics } from './auth.metrics.js';
import type { Principal } from './principal.js';
import { REVOCATION_PORTS, type RevocationPorts } from './revocation-store.js';
import {
  parseRevocation,
  type Revocation,
  RevocationError,
  revocationKey,
  revocationOf,
  Revocations,
} from './revocations.js';

/** The channel on which the auth service of the platform publishes revocations. */
const REVOCATION_CHANNEL = 'auth:revoked';

const MAX_MESSAGE_LENGTH = 1_024;
const MAX_LOADED = 100_000;

/**
 * Receives revocations, stores them for replicas that start later, and loads those that were
 * published before this replica started.
 */
@Injectable()
export class RevocationService implements OnApplicationBootstrap, BeforeApplicationShutdown, FeedListener {
  private readonly revocations: Revocations;
  private revoked: (revocation?: Revocation) => void = () => undefined;
  /** True if the store has been loaded since the last subscription. */
  private loaded = false;
  private loadTimer: Timer | undefined;
  /** The ordinal of the latest load. Retries of an earlier load are dropped. */
  private loads = 0;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(REVOCATION_PORTS) private readonly ports: RevocationPorts | null,
    private readonly metrics: AuthMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
  ) {
    this.revocations = new Revocations({ now: () => clock.wallNow(), rememberMs: config.revocationMs });
  }

  /** Why revocations may be missed now; undefined while none are, and if authentication is off. */
  get problem(): string | undefined {
    const status = this.ports?.feed.status;
    if (status?.up === false) return status.reason ?? 'the subscription is down';
    return this.ports && !this.loaded ? 'earlier revocations have not been read from Redis yet' : undefined;
  }

  /**
   * Sets the function that is called when more tokens are revoked: with the revocation, or without
   * one after many have been loaded.
   */
  listen(revoked: (revocation?: Revocation) => void): void {
    this.revoked = revoked;
  }

  isRevoked(principal: Principal): boolean {
    return this.revocations.isRevoked(principal);
  }

  onApplicationBootstrap(): void {
    this.ports?.feed.start([REVOCATION_CHANNEL], this);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.down();
    await this.ports?.feed.stop();
  }

  /**
   * The subscription is up, for the first time or again. Revocations that were published before are
   * in the store.
   */
  up(): void {
    this.loaded = false;
    void this.load(++this.loads, 1);
  }

  down(): void {
    this.loads++;
    this.loadTimer?.cancel();
    this.loadTimer = undefined;
  }

  message(_channel: string, data: string): void {
    let revocation: Revocation;
    try {
      if (data.length > MAX_MESSAGE_LENGTH) throw new RevocationError('it is too long');
      revocation = parseRevocation(data, this.clock.wallNow(), this.toleranceMs);
    } catch (error) {
      if (!(error instanceof RevocationError)) throw error;
      this.metrics.revocations.inc({ kind: 'rejected' });
      this.faults.warn('revocation', 'revocation_rejected', { problem: error.message });
      return;
    }
    this.metrics.revocations.inc({ kind: 'tokenId' in revocation ? 'token' : 'user' });
    if (this.revocations.add(revocation)) this.revoked(revocation);
    this.keep(revocation);
  }

  private keep(revocation: Revocation): void {
    const stored = [revocationKey(revocation), revocation.at] as const;
    this.ports?.store.add(stored, this.since()).catch((error: unknown) => {
      this.faults.warn('store', 'revocation_not_kept', { problem: messageOf(error) });
      this.loadLater(this.loads, 1); // the load also stores what is missing
    });
  }

  private async load(ordinal: number, attempt: number): Promise<void> {
    try {
      const stored = (await this.ports?.store.load(this.since(), MAX_LOADED)) ?? [];
      if (ordinal !== this.loads) return;
      let news = false;
      // The store returns the latest first, but the latest must be added last, so that they are
      // evicted last.
      for (const [key, at] of stored.reverse()) {
        const revocation = revocationOf(key, Math.min(at, this.clock.wallNow() + this.toleranceMs));
        news = (revocation !== undefined && this.revocations.add(revocation)) || news;
      }
      if (news) this.revoked();
      this.loaded = true;
      await this.keepMissing(ordinal, new Map(stored));
    } catch (error) {
      if (ordinal !== this.loads) return;
      this.faults.warn('load', 'revocations_not_loaded', { problem: messageOf(error) });
      this.loadLater(ordinal, attempt);
    }
  }

  /**
   * Stores the revocations that Redis has lost in a restart or failover, because replicas that
   * start later need them. It stores them one after the other, since there is no hurry.
   */
  private async keepMissing(ordinal: number, stored: ReadonlyMap<string, number>): Promise<void> {
    for (const [key, at] of this.revocations.entries()) {
      if (ordinal !== this.loads) return;
      if (at > (stored.get(key) ?? -Infinity)) await this.ports?.store.add([key, at], this.since());
    }
  }

  private loadLater(ordinal: number, attempt: number): void {
    if (this.loadTimer || ordinal !== this.loads) return;
    this.loadTimer = this.clock.after(backoffMs(attempt, 500), () => {
      this.loadTimer = undefined;
      void this.load(ordinal, attempt + 1);
    });
    this.loadTimer.unref?.();
  }

  private get toleranceMs(): number {
    return this.config.jwtClockToleranceSeconds * 1_000;
  }

  private since(): number {
    return this.clock.wallNow() - this.config.revocationMs;
  }
}
