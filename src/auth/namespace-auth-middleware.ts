import type { Clock } from '../common/clock.js';
import { AuthError, authUnavailable } from './auth-error.js';

/** The part of a Socket.IO socket that the middleware needs. `conn` is its connection. */
interface HandshakingClient {
  readonly conn: { close(discard?: boolean): void };
}

interface NamespaceAuthOptions<Client, Pass> {
  readonly clock: Pick<Clock, 'soon'>;
  /** @throws AuthError */
  readonly admit: (client: Client) => Promise<Pass | undefined>;
  /**
   * @param fault the unexpected error that caused the refusal; undefined if the client was refused
   * for its token
   */
  readonly refused: (refusal: AuthError, fault?: unknown) => void;
}

/** How many times a connection may be refused before it is closed. */
const MAX_REFUSALS = 3;

/**
 * A Socket.IO middleware that authenticates clients as they connect to the namespace. It handles
 * one client of a connection at a time. Otherwise, a thousand CONNECT packets on one connection
 * would create a thousand clients and cost a thousand token checks. Once a client is connected,
 * Socket.IO itself allows no second one on the connection.
 */
export class NamespaceAuthMiddleware<Client extends HandshakingClient, Pass> {
  private readonly passes = new WeakMap<Client, Pass>();
  /** Connections that have a client whose check is in progress. */
  private readonly taken = new WeakSet<HandshakingClient['conn']>();
  private readonly refusals = new WeakMap<HandshakingClient['conn'], number>();

  constructor(private readonly options: NamespaceAuthOptions<Client, Pass>) {}

  /**
   * Call this when the client has connected.
   * @returns what it was admitted with; undefined on every later call
   */
  enter(client: Client): Pass | undefined {
    this.taken.delete(client.conn);
    const pass = this.passes.get(client);
    this.passes.delete(client);
    return pass;
  }

  /**
   * The middleware function. It calls `next` once, with an error if the client is refused, which
   * Socket.IO sends to the client as `connect_error`.
   */
  ask(client: Client, next: (error?: Error) => void): void {
    const { conn } = client;
    if (this.taken.has(conn)) {
      // The standard clients never do this, and a thousand pending responses would pile up.
      conn.close(true);
      return;
    }
    // The connection is about to be closed, so further packets are ignored.
    if ((this.refusals.get(conn) ?? 0) >= MAX_REFUSALS) return;
    this.taken.add(conn);
    this.options.admit(client).then(
      (pass) => {
        if (pass !== undefined) this.passes.set(client, pass);
        next();
      },
      (error: unknown) => this.refuse(conn, error, next),
    );
  }

  private refuse(conn: HandshakingClient['conn'], error: unknown, next: (error?: Error) => void): void {
    this.taken.delete(conn);
    // An internal error refuses the client, but its cause is not revealed.
    const isRefusal = error instanceof AuthError;
    const refusal = isRefusal ? error : authUnavailable();
    this.options.refused(refusal, isRefusal ? undefined : error);
    next(Object.assign(new Error(refusal.message), { data: refusal.data }));
    const refusals = (this.refusals.get(conn) ?? 0) + 1;
    this.refusals.set(conn, refusals);
    // Close the connection after the response, which Socket.IO sends in a turn of its own.
    if (refusals >= MAX_REFUSALS) this.options.clock.soon(() => conn.close());
  }
}
