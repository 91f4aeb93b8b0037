import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Whether a request may see metrics and health details, and if not, why. */
export type Access = 'granted' | 'wrong_port' | 'wrong_token';

/**
 * Decides which requests may see metrics and health details. Without `ADMIN_PORT` and `ADMIN_TOKEN`
 * every request may. With `ADMIN_PORT` a request must arrive on that port, and with `ADMIN_TOKEN`
 * it must contain that token.
 */
export class AdminAccess {
  /**
   * The requests that arrived on the admin port. The listener records them, because headers are
   * chosen by the sender and prove nothing.
   */
  private readonly requests = new WeakSet<IncomingMessage>();
  private token: Buffer | undefined;
  private changes = 0;

  /**
   * @param ownPort whether there is an admin port
   * @param token the required token; undefined if none is required
   */
  constructor(
    private readonly ownPort: boolean,
    token: string | undefined,
  ) {
    this.requireToken(token);
  }

  /** Changes with the token. What goes on with an earlier token has to end. */
  get generation(): number {
    return this.changes;
  }

  get requiresToken(): boolean {
    return this.token !== undefined;
  }

  /** From now on, requests must bring this token. */
  requireToken(token: string | undefined): void {
    const before = this.token;
    this.token = token === undefined ? undefined : digest(token);
    if (!before || !this.token?.equals(before)) this.changes++;
  }

  /** Records that a request arrived on the admin port. */
  admit(request: IncomingMessage): void {
    this.requests.add(request);
  }

  isAdmitted(request: IncomingMessage): boolean {
    return this.requests.has(request);
  }

  of(request: IncomingMessage): Access {
    if (this.ownPort && !this.isAdmitted(request)) return 'wrong_port';
    return this.token === undefined || this.brings(this.token, request) ? 'granted' : 'wrong_token';
  }

  private brings(token: Buffer, { headers }: IncomingMessage): boolean {
    const [, given] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    // Digests have the same length, and the time to compare them reveals nothing about the token.
    return given !== undefined && timingSafeEqual(digest(given), token);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
