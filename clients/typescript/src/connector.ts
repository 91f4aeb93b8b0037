import { DEFAULT_HEARTBEAT_MS } from './contract/heartbeat.js';
import type { HandshakeOptions, RoomAddress, ServerDraining } from './contract/index.js';
import { backoffMs } from './backoff.js';
import type { Timer } from './clock.js';
import { ConnectionRefused } from './errors.js';
import type { LinkEnd } from './link.js';
import type { ClientOptions, Foundation, TokenReason } from './options.js';
import { Session, type SessionHandlers, type SessionOptions } from './session.js';
import type { TokenSource } from './token-source.js';
import { reportBytes } from './traffic.js';

export type ConnectionState = 'connecting' | 'connected' | 'draining' | 'reconnecting' | 'closed';

const RECONNECT_FIRST_MS = 500;
const RECONNECT_MOST_MS = 5_000;
/** After a connection of this length, earlier failures no longer count. In ms. */
const STABLE_MS = 5_000;
/**
 * The next connection is opened this long before a draining gateway closes the current one. By then
 * load balancers know that it drains. In ms.
 */
const HANDOVER_LEAD_MS = 3_000;

/**
 * Asks for one event with everything that is stale. A gateway that does not know the option sends
 * one event per product.
 */
const OPTIONS: HandshakeOptions = { statuses: 'batch' };

/**
 * In `general` from the start, a client could receive newer prices before those that it missed. The
 * gateway then resumes nothing. So the client joins `general` after the other rooms.
 */
const RESUME_OPTIONS: HandshakeOptions = { ...OPTIONS, general: 'off' };

export interface ConnectorHandlers extends Pick<
  SessionHandlers,
  'event' | 'joined' | 'refused' | 'postponed' | 'resumed' | 'fresh'
> {
  readonly state: (state: ConnectionState, reason: Error | undefined) => void;
  /** Another connection is in use from now on. */
  readonly taken: (session: Session) => void;
  readonly failed: (error: Error, retryInMs: number | undefined) => void;
}

export interface ConnectorOptions {
  readonly url: string;
  readonly client: ClientOptions;
  readonly foundation: Foundation;
  readonly tokens: TokenSource;
  readonly wanted: ReadonlyMap<string, RoomAddress>;
  /** See `RoomSyncOptions`. Used only with the option `resume`. */
  readonly sinceOf: NonNullable<SessionOptions['sinceOf']>;
}

/**
 * Keeps one connection in use. It opens the next one when the connection is lost. If the gateway
 * drains, it opens the next one earlier, with every room, so that no update is missed in between.
 */
export class Connector {
  state: ConnectionState = 'connecting';
  /** The connection in use. */
  active: Session | undefined;
  reason: Error | undefined;
  /** The connection that will be used next. */
  private next: Session | undefined;
  private timer: Timer | undefined;
  /** Counts all attempts, so that a token that arrives too late is not used. */
  private attempt = 0;
  private failures = 0;
  private activeSince = 0;
  private tokenReason: TokenReason = 'connect';

  constructor(
    private readonly options: ConnectorOptions,
    private readonly handlers: ConnectorHandlers,
  ) {}

  start(): void {
    void this.open();
  }

  /** The wanted rooms have changed. */
  wantedChanged(): void {
    this.active?.wantedChanged();
    this.next?.wantedChanged();
  }

  /** The network may be back, so this does not wait for the time of the next attempt. */
  hurry(): void {
    if (this.active || this.next || !this.timer) return;
    this.schedule(0);
  }

  close(reason?: Error): void {
    if (this.state === 'closed') return;
    this.unschedule();
    this.options.tokens.stop();
    this.attempt += 1;
    const open = [this.active, this.next];
    this.active = this.next = undefined;
    this.reason = reason;
    for (const session of open) session?.close();
    this.enter('closed');
  }

  private schedule(ms: number): void {
    this.unschedule();
    // A listener that was given the reason may have closed the client.
    if (this.state === 'closed') return;
    this.timer = this.options.foundation.clock.after(ms, () => void this.open());
  }

  private unschedule(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private async open(): Promise<void> {
    this.timer = undefined;
    const attempt = ++this.attempt;
    let token: string | undefined;
    try {
      token = await this.options.tokens.get(this.tokenReason);
    } catch (error) {
      if (attempt === this.attempt) this.retry(error as Error);
      return;
    }
    if (attempt !== this.attempt) return;
    const { foundation, wanted, client } = this.options;
    const { open, clock, random } = foundation;
    let socket;
    try {
      socket = open(this.options.url, this.socketOptions(token));
    } catch (error) {
      this.close(error as Error); // no later attempt would accept this address or option either
      return;
    }
    const { general: keepGeneral = true, heartbeatMs = DEFAULT_HEARTBEAT_MS, probe = false } = client;
    const sinceOf = client.resume ? this.options.sinceOf : undefined;
    if (client.onReceive) reportBytes(socket, client.onReceive);
    // A retry may have been scheduled while the client waited for the token. There must be only one
    // attempt at a time.
    this.unschedule();
    this.next = new Session(
      { socket, url: this.options.url, clock, random, wanted, keepGeneral, sinceOf, heartbeatMs, probe },
      {
        ...this.handlers,
        up: (session) => this.isUp(session),
        settled: (session) => session === this.next && this.take(session),
        draining: (session, payload) => session === this.active && this.drains(payload),
        down: (session, end) => this.isDown(session, end),
      },
    );
  }

  private socketOptions(token: string | undefined): Parameters<Foundation['open']>[1] {
    const { socketOptions, path, transports, resume, encoding, latencyProbe } = this.options.client;
    return {
      ...socketOptions,
      ...encoding,
      // Without the slash, socket.io-client would put the path next to the port, and never report it.
      ...(path === undefined ? {} : { path: path.startsWith('/') ? path : `/${path}` }),
      transports: [...(transports ?? ['websocket'])],
      forceNew: true,
      reconnection: false,
      autoConnect: true,
      auth: {
        ...(resume ? RESUME_OPTIONS : OPTIONS),
        ...(latencyProbe === true && ({ latency_probe: true } satisfies HandshakeOptions)),
        ...(token === undefined ? {} : { token }),
      },
    };
  }

  private isUp(session: Session): void {
    if (session === this.next && !this.active) this.take(session);
  }

  private take(session: Session): void {
    const before = this.active;
    this.active = session;
    this.next = undefined;
    this.tokenReason = 'connect';
    this.reason = undefined;
    this.activeSince = this.options.foundation.clock.now();
    before?.close();
    this.handlers.taken(session);
    // Listeners may have closed the client.
    if (this.active !== session) return;
    this.enter('connected');
    const { closesAt } = session;
    if (closesAt !== undefined) this.drains({ reconnect_in_ms: Math.max(0, closesAt - this.activeSince) });
  }

  private drains({ reconnect_in_ms }: ServerDraining): void {
    this.enter('draining');
    if (!this.next) this.schedule(Math.max(0, reconnect_in_ms - HANDOVER_LEAD_MS));
  }

  private isDown(session: Session, end: LinkEnd): void {
    const refused = end.kind === 'refused' ? end.error : undefined;
    const isFinal = end.kind === 'refused' && !end.reconnect && !this.mayRenew(end.error);
    if (refused?.code === 'TOKEN_EXPIRED') this.tokenReason = 'expired';
    if (session === this.next) {
      this.next = undefined;
      if (!isFinal) this.retry(end.error, refused?.retryAfterMs);
      // The connection in use continues until the gateway closes it. The next attempt will be
      // rejected in the same way.
      else if (!this.active) this.close(end.error);
      return;
    }
    if (session !== this.active) return;
    this.active = undefined;
    if (isFinal) {
      this.close(end.error);
      return;
    }
    const { clock } = this.options.foundation;
    if (clock.now() - this.activeSince >= STABLE_MS) this.failures = 0;
    this.reason = end.error;
    if (this.next?.info) {
      this.take(this.next);
      return;
    }
    if (!this.next) this.retry(end.error);
    this.enter('reconnecting');
  }

  /** An expired token is not final if a callback can return another one. */
  private mayRenew(error: ConnectionRefused): boolean {
    return error.code === 'TOKEN_EXPIRED' && this.options.tokens.renews;
  }

  private retry(error: Error, retryAfterMs = 0): void {
    const { foundation, client } = this.options;
    const { reconnectionDelay = RECONNECT_FIRST_MS, reconnectionDelayMax = RECONNECT_MOST_MS } =
      client.socketOptions ?? {};
    const backoff = backoffMs(++this.failures, reconnectionDelay, reconnectionDelayMax, foundation.random);
    const wait = Math.max(backoff, retryAfterMs * (1 + foundation.random() / 10));
    this.schedule(wait);
    this.handlers.failed(error, wait);
  }

  private enter(state: ConnectionState): void {
    if (this.state === state || this.state === 'closed') return;
    this.state = state;
    this.handlers.state(state, this.reason);
  }
}
