import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import { pseudonym } from '../auth/pseudonym.js';
import { LATEST_STORE, type LatestStore } from '../cache/latest-store.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { messageOf } from '../common/message-of.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  type FeedGap,
  JsonPayload,
  LivePayload,
  PORTFOLIO_ROOM,
  type PortfolioStatus,
  type PortfolioUpdate,
  ServerEvent,
} from '../contract/index.js';
import type { ChannelListener, ChannelSource } from '../feed/channel-source.js';
import { FeedMessageError } from '../feed/feed-message-error.js';
import { PROBE_TIMES } from '../feed/feed-probe.js';
import type { FeedStatus } from '../feed/feed-source.js';
import { MarketStatusService } from '../liveness/market-status.service.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import {
  parsePortfolio,
  portfolioChannel,
  type PortfolioMessage,
  userOfChannel,
} from './portfolio-message.js';
import { PortfolioHistory } from './portfolio-history.js';
import { PortfolioReader } from './portfolio-reader.js';
import { PORTFOLIO_PORT, type PortfolioPort } from './portfolio-port.js';
import { PortfolioStaleness } from './portfolio-staleness.js';
import { PortfolioMetrics } from './portfolio.metrics.js';
import { WatchedUser } from './watched-user.js';

/**
 * Sends clients the portfolio of the user of their token. It is subscribed to the channel of a user
 * for as long as a client of this replica is in the room `portfolio` with a token of this user. All
 * clients share this room, and each of them is sent the messages of its own user: no room names a
 * user, so no broadcast to a room can reach another one.
 */
@Injectable()
export class PortfolioService implements OnModuleInit, BeforeApplicationShutdown, ChannelListener {
  private readonly users = new Map<string, WatchedUser>();
  private readonly ofClient = new Map<GatewaySocket, WatchedUser>();
  /** The newest portfolio that a client was sent before it left, µs since the epoch. */
  private readonly lastSent = new WeakMap<GatewaySocket, { readonly user: string; readonly time: number }>();
  private readonly finds = new Map<string, Promise<JsonPayload<PortfolioUpdate> | undefined>>();
  private readonly reader: PortfolioReader;
  private readonly staleness: PortfolioStaleness;
  private readonly stopping = new AbortController();
  /** Made when the first client asks for its portfolio. */
  private source: ChannelSource | undefined;
  /** The length of the portfolios in memory, characters. */
  private held = 0;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(PORTFOLIO_PORT) private readonly port: PortfolioPort,
    @Inject(LATEST_STORE) store: LatestStore,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly auth: AuthService,
    markets: MarketStatusService,
    private readonly history: PortfolioHistory,
    private readonly metrics: PortfolioMetrics,
    private readonly transportMetrics: TransportMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly faults: RateLimitedLog,
  ) {
    this.reader = new PortfolioReader({
      clock,
      store,
      signal: this.stopping.signal,
      isWanted: (watched) => this.needsRead(watched),
      answered: (watched, value, askedAt) => this.stored(watched, value, askedAt),
      failed: (error) => {
        metrics.readErrors.inc();
        faults.warn('portfolio:read', 'portfolios_not_read', { problem: messageOf(error) });
      },
    });
    this.staleness = new PortfolioStaleness({
      clock,
      staleAfterMs: config.portfolioStaleAfterMs,
      markets,
      users: () => this.users.values(),
      changed: (watched, status) => this.broadcastStatus(watched, status),
    });
  }

  onModuleInit(): void {
    this.metrics.onScrape(() => {
      this.metrics.users.set(this.users.size);
      this.metrics.up.set(this.status.up ? 1 : 0);
    });
  }

  /** Before the clients are disconnected: they are not told that their portfolios have stopped. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.staleness.stop();
    await this.source?.stop();
    await this.history.stop();
  }

  /** Whether the channels of all users are subscribed to. */
  get status(): FeedStatus {
    return this.users.size === 0 || !this.source ? { up: true } : this.source.status;
  }

  /**
   * Lets a client join the room, and sends it the newest portfolio of its user. If that is not in
   * memory, it follows from the store.
   * @param resume if the client asked for what it missed: the time of the newest portfolio that it
   * has, µs since the epoch, as far as it said that. A portfolio is complete in each message, so the
   * newest one is all that it needs.
   */
  join(client: GatewaySocket, user: string, resume?: { readonly since: number | undefined }): void {
    const watched = this.watch(client, user);
    const { payload, newestTime } = watched.newest;
    const isAhead = resume?.since !== undefined && resume.since > newestTime;
    if (isAhead) watched.ahead.add(client, resume.since, newestTime);
    // While the channel is not subscribed to, or the store is being read, there may be a newer one.
    const recovers = payload && !isAhead && watched.isListening && !watched.isReading;
    void client.join(PORTFOLIO_ROOM);
    client.emit(ServerEvent.subscribed, {
      room: PORTFOLIO_ROOM,
      message: `Subscribed to ${PORTFOLIO_ROOM}`,
      ...(resume && (recovers ? { recovered: true, replayed: 1, conflated: true } : { recovered: false })),
    });
    if (payload) {
      if (!this.hasNewest(client, watched)) this.send(client, watched.id, payload);
    } else {
      watched.unserved.add(client);
      // Otherwise the store is read as soon as the subscription works.
      if (watched.isListening && !watched.isReading) void this.reader.read([watched]);
    }
    if (watched.isStale) this.notify(client, watched);
  }

  /** Call it when a client leaves the room or disconnects. It is sent nothing from now on. */
  leave(client: GatewaySocket): void {
    const watched = this.ofClient.get(client);
    if (!watched) return;
    this.ofClient.delete(client);
    this.lastSent.set(client, { user: watched.id, time: watched.newest.newestTime });
    watched.clients.delete(client);
    watched.unserved.delete(client);
    watched.ahead.delete(client);
    if (watched.clients.size > 0) return;
    this.users.delete(watched.id);
    this.history.end(watched.id);
    this.held -= sizeOf(watched);
    this.source?.remove(portfolioChannel(watched.id));
    if (this.users.size === 0) this.staleness.stop();
  }

  /**
   * The newest portfolio of a user, for a client that may not be in the room; undefined if there is
   * none.
   * @throws Error if the store cannot be read
   */
  find(user: string): Promise<JsonPayload<PortfolioUpdate> | undefined> {
    const watched = this.users.get(user);
    if (watched?.isListening && watched.newest.payload) return Promise.resolve(watched.newest.payload);
    const running = this.finds.get(user);
    if (running) return running;
    const finding = this.findStored(user).finally(() => this.finds.delete(user));
    this.finds.set(user, finding);
    return finding;
  }

  /** Sends a portfolio to one client of its user. */
  send(client: GatewaySocket, user: string, payload: JsonPayload<PortfolioUpdate>): void {
    this.to(client, user)?.emit(ServerEvent.portfolioUpdate, payload);
    this.transportMetrics.snapshots.inc({ event: ServerEvent.portfolioUpdate });
  }

  up(channels: readonly string[]): void {
    const found: WatchedUser[] = [];
    for (const channel of channels) {
      const watched = this.users.get(userOfChannel(channel));
      if (!watched) continue;
      watched.isListening = true;
      watched.listeningSince = this.clock.now();
      this.returned(watched);
      found.push(watched);
    }
    void this.reader.read(found);
  }

  down(channels: readonly string[]): void {
    // A probe came through within the time after which its absence is noticed.
    const noticedWithinMs = this.config.feedProbeAfterMs + PROBE_TIMES.hearMs + PROBE_TIMES.sendMs;
    const probedAt = this.clock.wallNow() - noticedWithinMs;
    for (const channel of channels) {
      const watched = this.users.get(userOfChannel(channel));
      if (!watched) continue;
      watched.isListening = false;
      this.history.end(watched.id);
      watched.lostAt ??= Math.max(probedAt, watched.heardAt);
    }
  }

  message(channel: string, data: string): void {
    const watched = this.users.get(userOfChannel(channel));
    const receivedAt = this.clock.now();
    if (watched) this.attempt(() => this.relay(watched, data, receivedAt));
  }

  /** An error in our own code must cost only one portfolio, not the whole subscription. */
  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.faults.warn('portfolio:internal_error', 'portfolio_failed', { problem: messageOf(error) });
    }
  }

  private relay(watched: WatchedUser, data: string, receivedAt: number): void {
    // A client must hear of the gap before the first update after it.
    this.returned(watched);
    watched.heardAt = this.clock.wallNow();
    const message = this.parse(watched.id, data);
    if (!message) {
      this.metrics.messages.inc({ verdict: 'rejected' });
      return;
    }
    const verdict = this.keep(watched, () => watched.newest.offerLive(message));
    this.metrics.messages.inc({ verdict });
    // While the subscription is not confirmed, portfolios between two messages may have been missed.
    if (watched.isListening) this.history.record(watched.id, message, verdict);
    if (verdict === 'older') return;
    watched.arrivedAt = this.clock.wallNow();
    this.staleness.look(watched);
    if (verdict === 'newest') {
      this.broadcast(watched, new LivePayload(message.payload, message.processedTime / 1_000, receivedAt));
    }
  }

  private hasNewest(client: GatewaySocket, { ahead, newest }: WatchedUser): boolean {
    return ahead.has(client, newest.newestTime);
  }

  private watch(client: GatewaySocket, user: string): WatchedUser {
    const known = this.ofClient.get(client);
    if (known?.id === user) return known;
    this.leave(client);
    let watched = this.users.get(user);
    if (!watched) {
      watched = new WatchedUser(user, this.clock.wallNow(), this.config.clockResetAfterMs, this.clock);
      this.users.set(user, watched);
      // At the shutdown, the last clients are about to be disconnected.
      if (!this.stopping.signal.aborted) this.begin(user);
    }
    const last = this.lastSent.get(client);
    if (last?.user === user) watched.newest.notBefore(last.time);
    watched.clients.add(client);
    this.ofClient.set(client, watched);
    return watched;
  }

  private begin(user: string): void {
    if (this.users.size === 1) this.staleness.start();
    const channels = [portfolioChannel(user)];
    if (this.source) {
      this.source.add(channels);
    } else if (this.port) {
      this.source = this.port();
      this.source.add(channels);
      this.source.start(this);
    }
  }

  /** Takes what the store answered about a user, unless the answer is of no use any more. */
  private stored(watched: WatchedUser, value: string | null, askedAt: number): void {
    if (!this.needsRead(watched)) return;
    watched.isRead = true;
    if (value !== null) {
      this.attempt(() => {
        const message = this.take(watched, value);
        if (message && askedAt >= watched.listeningSince) this.history.recordFound(watched.id, message);
      });
    }
    this.attempt(() => this.staleness.look(watched));
  }

  /** False if the user has gone, or its subscription was lost, which causes another read. */
  private needsRead(watched: WatchedUser): boolean {
    return !this.stopping.signal.aborted && watched.isListening && this.users.get(watched.id) === watched;
  }

  /**
   * Takes a portfolio from the store, and sends it if it is newer than what the clients have.
   * @returns undefined if it is not valid
   */
  private take(watched: WatchedUser, value: string): PortfolioMessage | undefined {
    const message = this.parse(watched.id, value);
    const verdict = message && this.keep(watched, () => watched.newest.offerStored(message));
    if (!message || verdict === 'older') return message;
    const { payload } = message;
    if (verdict === 'restored') {
      for (const client of watched.unserved)
        if (!this.hasNewest(client, watched)) this.send(client, watched.id, payload);
      watched.unserved.clear();
      return message;
    }
    watched.arrivedAt = Math.min(this.clock.wallNow(), message.processedTime / 1_000);
    this.broadcast(watched, payload);
    return message;
  }

  private async findStored(user: string): Promise<JsonPayload<PortfolioUpdate> | undefined> {
    const [value] = await this.reader.valuesOf([user]);
    if (value instanceof Error) {
      const known = this.users.get(user)?.newest.payload;
      if (known) return known;
      throw value;
    }
    const message = typeof value === 'string' ? this.parse(user, value) : undefined;
    const watched = this.users.get(user);
    if (!watched) return message?.payload;
    // The clients in the room get it too, and none gets an older one than before.
    if (message) this.take(watched, value as string);
    return watched.newest.payload ?? message?.payload;
  }

  private parse(user: string, text: string): PortfolioMessage | undefined {
    try {
      return parsePortfolio(user, text, this.config.feedRules);
    } catch (error) {
      if (!(error instanceof FeedMessageError)) throw error;
      const { reason, message: problem } = error;
      this.metrics.rejected.inc({ reason });
      this.faults.warn(`portfolio:${reason}`, 'portfolio_rejected', {
        reason,
        problem,
        user: pseudonym(this.config.secretKey, user),
      });
      return undefined;
    }
  }

  /** Runs `change` on the newest portfolio of a user, and keeps to the limit of memory. */
  private keep<T>(watched: WatchedUser, change: () => T): T {
    const before = sizeOf(watched);
    const result = change();
    this.held += sizeOf(watched) - before;
    if (this.held > this.config.cacheMaxBytes) this.forgetOthers(watched);
    return result;
  }

  private forgetOthers(kept: WatchedUser): void {
    for (const watched of this.users.values()) {
      if (this.held <= this.config.cacheMaxBytes / 2) return;
      if (watched === kept) continue;
      this.held -= sizeOf(watched);
      watched.newest.forget();
    }
  }

  private broadcast(watched: WatchedUser, payload: JsonPayload<PortfolioUpdate>): void {
    for (const client of watched.clients) {
      if (!this.hasNewest(client, watched))
        this.to(client, watched.id)?.emit(ServerEvent.portfolioUpdate, payload);
    }
    watched.unserved.clear();
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.portfolioUpdate });
  }

  private notify(client: GatewaySocket, watched: WatchedUser): void {
    this.to(client, watched.id)?.emit(ServerEvent.portfolioStatus, this.staleness.statusOf(watched));
    this.transportMetrics.snapshots.inc({ event: ServerEvent.portfolioStatus });
  }

  /**
   * Where to emit to one client what is about a user; undefined if the client is not of this user. It
   * looks at the client's session each time, which may have ended in this turn.
   */
  private to(client: GatewaySocket, user: string) {
    return this.auth.userIdOf(client) === user ? this.server.local.to(client.id) : undefined;
  }

  /** Tells the clients of a user whose subscription works again which time they may have missed. */
  private returned(watched: WatchedUser): void {
    const { lostAt } = watched;
    if (lostAt === undefined) return;
    watched.lostAt = undefined;
    const gap: FeedGap = {
      since: new Date(lostAt).toISOString(),
      until: new Date(this.clock.wallNow()).toISOString(),
      room: PORTFOLIO_ROOM,
    };
    const payload = new JsonPayload<FeedGap>(JSON.stringify(gap), PORTFOLIO_ROOM);
    for (const client of watched.clients) this.to(client, watched.id)?.emit(ServerEvent.feedGap, payload);
  }

  private broadcastStatus(watched: WatchedUser, status: JsonPayload<PortfolioStatus>): void {
    for (const client of watched.clients)
      this.to(client, watched.id)?.emit(ServerEvent.portfolioStatus, status);
    this.transportMetrics.broadcasts.inc({ event: ServerEvent.portfolioStatus });
  }
}

function sizeOf({ newest }: WatchedUser): number {
  return newest.payload?.text.length ?? 0;
}
