import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a request for metrics or health details gets: them, or a refusal. */
export type Access = 'granted' | 'wrong_port' | 'wrong_token';

/**
 * Who may see metrics and health details. Without `ADMIN_PORT` and `ADMIN_TOKEN` everybody does; with both a request has to
 * come over that port and bring that token.
 */
export class AdminAccess {
  /** Those that came over the admin port. By the listener that took them: what a header says, its sender chose. */
  private readonly requests = new WeakSet<IncomingMessage>();
  private readonly token: Buffer | undefined;

  /**
   * @param ownPort whether there is an admin port
   * @param token undefined: none is asked for
   */
  constructor(
    private readonly ownPort: boolean,
    token: string | undefined,
  ) {
    this.token = token === undefined ? undefined : digest(token);
  }

  /** The request came over the admin port. */
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
    // Digests are of one length, and how long they take to compare says nothing of the token.
    return given !== undefined && timingSafeEqual(digest(given), token);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
