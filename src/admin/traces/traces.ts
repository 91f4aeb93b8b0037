import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AuthService } from '../../auth/auth.service.js';
import { CLOCK, type Clock, type Timer } from '../../common/clock.js';
import { shorten } from '../../common/shorten.js';
import { TokenBucket } from '../../common/token-bucket.js';
import { OperatorLog } from '../../logging/operator-log.js';
import { maskSecrets } from '../../config/mask-secrets.js';
import { ClientEvent } from '../../contract/index.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../../transports/socket-io/socket-server.js';
import { transportOf } from '../../transports/socket-io/connection-kind.js';
import { ClientDirectory } from '../clients/client-directory.js';

/** The most traces at a time. Each costs a comparison for every message of a client. */
const MAX_TRACES = 20;
/** How often the state of the traced clients is logged, ms. */
const STATE_MS = 1_000;
/** The most traced clients whose state is logged each second. */
const MAX_STATES = 20;
/** The log lines of one trace, per second and at once. */
const LINES_PER_SECOND = 50;
const LINE_BURST = 200;
const MAX_PAYLOAD = 500;

/** Whose messages are logged. */
export type TraceTarget = { readonly client_id: string } | { readonly user: string };

interface Trace {
  readonly id: string;
  readonly target: TraceTarget;
  /** When it ends, ms since the epoch. */
  readonly until: number;
  readonly end: Timer;
  readonly lines: TokenBucket;
  suppressed: number;
}

/** A trace as operators see it. It has either `client_id` or `user`. */
export interface TraceInfo {
  readonly trace_id: string;
  /** When it ends, seconds since the epoch. */
  readonly until: number;
  readonly client_id?: string;
  readonly user?: string;
}

/**
 * Logs what one client, or all clients of one user, send and are answered, for a limited time. Of
 * the answers it logs the names and not the content. Market data is not logged, but each second how
 * much of it waits for the client.
 */
@Injectable()
export class Traces implements OnApplicationShutdown {
  private readonly traces = new Map<string, Trace>();
  private readonly watched = new Map<GatewaySocket, () => void>();
  private timer: Timer | undefined;

  constructor(
    private readonly auth: AuthService,
    private readonly directory: ClientDirectory,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly log: OperatorLog,
  ) {}

  onApplicationShutdown(): void {
    for (const id of this.traces.keys()) this.stop(id);
  }

  /** Whether anyone is traced. Check it before each call of {@link received}. */
  get any(): boolean {
    return this.traces.size > 0;
  }

  /** The traces that have not ended. */
  get list(): readonly TraceInfo[] {
    return [...this.traces.values()].map(({ id, target, until }) => ({
      trace_id: id,
      ...target,
      until: until / 1_000,
    }));
  }

  /**
   * Starts a trace.
   * @param id the same on all replicas
   * @throws Error if there are too many
   */
  async start(id: string, target: TraceTarget, ms: number): Promise<{ readonly clients: number }> {
    this.stop(id);
    if (this.traces.size >= MAX_TRACES)
      throw new Error(`There are ${MAX_TRACES} traces already. End one first.`);
    if (!this.any) this.server.on('connection', this.connected);
    const end = this.clock.after(ms, () => this.stop(id));
    end.unref?.();
    const until = this.clock.wallNow() + ms;
    const lines = new TokenBucket({ clock: this.clock, perSecond: LINES_PER_SECOND, burst: LINE_BURST });
    this.traces.set(id, { id, target, until, end, lines, suppressed: 0 });
    this.log.info({ trace_id: id, ms }, 'trace_started');
    this.logStatesLater();
    const clients = await this.directory.select(target);
    if (this.traces.has(id)) for (const client of clients) this.watch(client);
    return { clients: clients.length };
  }

  /** @returns false if there is no such trace */
  stop(id: string): boolean {
    const trace = this.traces.get(id);
    if (!trace) return false;
    trace.end.cancel();
    this.traces.delete(id);
    for (const [client, unwatch] of this.watched) if (!this.traceOf(client)) unwatch();
    if (!this.any) this.rest();
    this.log.info({ trace_id: id }, 'trace_ended');
    return true;
  }

  /** Logs an event that a client has sent, if the client is traced. */
  received(client: GatewaySocket, event: string, args: readonly unknown[]): void {
    const trace = this.traceOf(client);
    if (!trace) return;
    this.watch(client);
    if (trace.lines.tokens < 1) {
      trace.suppressed++;
      return;
    }
    const [payload] = args.filter((arg) => typeof arg !== 'function');
    // The payload of a refresh is a token.
    const shown = event === ClientEvent.refreshToken ? '***' : textOf(payload);
    this.write(trace, client, { received: maskTokens(shorten(event, 64)), payload: shown });
  }

  private traceOf(client: GatewaySocket): Trace | undefined {
    for (const trace of this.traces.values()) {
      const { target } = trace;
      if ('client_id' in target ? client.id === target.client_id : this.auth.userIdOf(client) === target.user)
        return trace;
    }
    return undefined;
  }

  private watch(client: GatewaySocket): void {
    if (this.watched.has(client) || !client.connected) return;
    const sent = (event: string): void => {
      const trace = this.traceOf(client);
      if (trace) this.write(trace, client, { sent: event });
    };
    const left = (reason: string): void => {
      const trace = this.traceOf(client);
      if (trace) this.write(trace, client, { disconnected: reason });
      this.watched.delete(client);
    };
    client.onAnyOutgoing(sent);
    client.once('disconnect', left);
    this.watched.set(client, () => {
      client.offAnyOutgoing(sent);
      client.off('disconnect', left);
      this.watched.delete(client);
    });
  }

  /** A session begins in the same turn, perhaps after this listener has run. */
  private readonly connected = (client: GatewaySocket): void => {
    this.clock.soon(() => {
      const trace = this.traceOf(client);
      if (!trace) return;
      this.watch(client);
      this.write(trace, client, { connected: transportOf(client.conn) });
    });
  };

  private rest(): void {
    this.server.off('connection', this.connected);
    this.timer?.cancel();
    this.timer = undefined;
  }

  private logStatesLater(): void {
    this.timer ??= this.clock.after(STATE_MS, () => {
      this.timer = undefined;
      this.logStates();
      if (this.any) this.logStatesLater();
    });
    this.timer.unref?.();
  }

  private logStates(): void {
    let logged = 0;
    for (const client of this.watched.keys()) {
      const trace = this.traceOf(client);
      if (!trace) continue;
      if (++logged > MAX_STATES) return;
      const { room_count, buffered_bytes, lagging, lag_ms } = this.directory.infoOf(client);
      this.write(trace, client, { state: { room_count, buffered_bytes, lagging, lag_ms } });
    }
  }

  private write(trace: Trace, client: GatewaySocket, fields: object): void {
    if (trace.lines.tokens < 1) {
      trace.suppressed++;
      return;
    }
    trace.lines.take();
    const { id, suppressed } = trace;
    trace.suppressed = 0;
    const user = this.auth.pseudonymOf(client);
    this.log.info(
      { trace_id: id, client_id: client.id, user, ...fields, ...(suppressed > 0 && { suppressed }) },
      'client_trace',
    );
  }
}

export function newTraceId(): string {
  return randomUUID();
}

/** Fields that are named like secrets, up to the end of a text that is cut. */
const SECRET_FIELD = /("[^"]*(?:token|secret|password|authorization)[^"]*":\s*)"(?:[^"\\]|\\.)*("|$)/gi;
/** JSON Web Tokens, whole or cut. Their first part is the Base64 of `{"`. */
const JWT = /\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g;

/** Masks what a client may have put into the wrong event by mistake. */
function maskTokens(text: string): string {
  return maskSecrets(text.replace(SECRET_FIELD, '$1"***"').replace(JWT, '***'));
}

function textOf(payload: unknown): string {
  try {
    return maskTokens(shorten(JSON.stringify(payload) ?? '', MAX_PAYLOAD));
  } catch {
    return '';
  }
}
