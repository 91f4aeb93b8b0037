import type { Clock } from '../common/clock.js';
import { AuthError, authUnavailable } from './auth-error.js';

/** The part of a Socket.IO socket that the namespaceAuth needs; `conn` is the connection it came over. */
interface HandshakingClient {
  readonly conn: { close(discard?: boolean): void };
}

export interface NamespaceAuthOptions<Client, Pass> {
  readonly clock: Pick<Clock, 'soon'>;
  /** @throws AuthError */
  readonly admit: (client: Client) => Promise<Pass | undefined>;
  /** @param fault of ours, where that is why */
  readonly refused: (refusal: AuthError, fault?: unknown) => void;
}

/** How often a connection may be refused before it is closed. */
const MAX_REFUSALS = 3;

/**
 * Where clients enter the namespace: a Socket.IO middleware. One of a connection at a time: a packet for each of a thousand
 * clients would make a thousand, and cost a thousand checks of a token. Once one is in, Socket.IO itself takes no other.
 */
export class NamespaceAuthMiddleware<Client extends HandshakingClient, Pass> {
  private readonly passes = new WeakMap<Client, Pass>();
  /** Connections that have a client on its way in. */
  private readonly taken = new WeakSet<HandshakingClient['conn']>();
  private readonly refusals = new WeakMap<HandshakingClient['conn'], number>();

  constructor(private readonly options: NamespaceAuthOptions<Client, Pass>) {}

  /** The client is in; what it was admitted with, once. */
  enter(client: Client): Pass | undefined {
    this.taken.delete(client.conn);
    const pass = this.passes.get(client);
    this.passes.delete(client);
    return pass;
  }

  /** The middleware: calls `next` once, with an error as stock clients get it for who is refused. */
  ask(client: Client, next: (error?: Error) => void): void {
    const { conn } = client;
    if (this.taken.has(conn)) {
      // Stock clients never do that, and a thousand answers would pile up.
      conn.close(true);
      return;
    }
    // The connection is about to be closed: what still comes of it is not looked at.
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
    // A fault of ours lets nobody in, and says nothing of its cause.
    const isRefusal = error instanceof AuthError;
    const refusal = isRefusal ? error : authUnavailable();
    this.options.refused(refusal, isRefusal ? undefined : error);
    next(Object.assign(new Error(refusal.message), { data: refusal.data }));
    const refusals = (this.refusals.get(conn) ?? 0) + 1;
    this.refusals.set(conn, refusals);
    // Behind the answer, which Socket.IO sends in a turn of its own.
    if (refusals >= MAX_REFUSALS) this.options.clock.soon(() => conn.close());
  }
}
