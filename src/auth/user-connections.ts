import type { ConnectionCounts } from '../limits/connection-counts.js';
import { AuthError } from './auth-error.js';

/** The part of a Socket.IO socket that shows when its connection closes. */
interface Connected {
  readonly conn: {
    readonly readyState: string;
    once(event: 'close', listener: () => void): unknown;
    off(event: 'close', listener: () => void): unknown;
  };
}

/**
 * How long a user with too many connections is asked to wait, ms: a dead connection counts until
 * its ping times out.
 */
const RETRY_MS = 5_000;

/**
 * Counts the connections of each user, from before the client is admitted until its connection
 * closes.
 */
export class UserConnections<Client extends Connected> {
  private readonly releases = new WeakMap<Client, () => void>();

  /** @param limit the most connections of a user at a time; 0: unlimited */
  constructor(
    private readonly counts: ConnectionCounts,
    private readonly limit: number,
  ) {}

  /** @throws AuthError if the user has reached the limit */
  async take(client: Client, userId: string): Promise<void> {
    if (this.limit === 0) return;
    if (!(await this.counts.take('user', userId, this.limit))) {
      throw new AuthError(
        'TOO_MANY_CONNECTIONS',
        `You already have ${this.limit} connections. Close one, or try again after retry_after_ms.`,
        RETRY_MS,
      );
    }
    const { conn } = client;
    const release = once(() => {
      // The connection may outlive this client and carry other ones.
      conn.off('close', release);
      this.counts.release('user', userId);
    });
    this.releases.set(client, release);
    // Only the `close` event reports a client that disconnects before it is admitted.
    conn.once('close', release);
    if (conn.readyState !== 'open') release();
  }

  /** Stops counting a client that has disconnected, even if its connection stays open. */
  release(client: Client): void {
    this.releases.get(client)?.();
  }
}

function once(task: () => void): () => void {
  let done = false;
  return () => {
    if (!done) task();
    done = true;
  };
}
