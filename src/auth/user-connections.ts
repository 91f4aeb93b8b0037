import type { ConnectionCounts } from '../limits/connection-counts.js';
import { AuthError } from './auth-error.js';

/** The part of a Socket.IO socket that is needed to know when it is over. */
interface Connected {
  readonly conn: {
    readonly readyState: string;
    once(event: 'close', listener: () => void): unknown;
    off(event: 'close', listener: () => void): unknown;
  };
}

/** What a user who has too many connections is asked to wait, ms: one that has died is counted until its ping times out. */
const RETRY_MS = 5_000;

/** Counts each user's connections, from before they enter until they are over. */
export class UserConnections<Client extends Connected> {
  private readonly releases = new WeakMap<Client, () => void>();

  /** @param limit connections of a user at a time; 0: as many as he likes */
  constructor(
    private readonly counts: ConnectionCounts,
    private readonly limit: number,
  ) {}

  /** @throws AuthError where the user has as many as he may */
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
      // The connection may have other clients after this one.
      conn.off('close', release);
      this.counts.release('user', userId);
    });
    this.releases.set(client, release);
    // Who goes before he is in leaves no other trace.
    conn.once('close', release);
    if (conn.readyState !== 'open') release();
  }

  /** The client has left, though its connection may stay. */
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
