import { parseId } from './parse-id.js';
import type { Principal } from './principal.js';

/** What is revoked: one token, or all of a user's that were issued until then. */
export type Revocation =
  { readonly tokenId: string; readonly at: number } | { readonly userId: string; readonly at: number };

export interface RevocationsOptions {
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  /** How long a revocation is remembered, ms: as long as tokens live. */
  readonly rememberMs: number;
  readonly maxEntries?: number;
}

const MAX_ENTRIES = 100_000;

/** The revocations that still matter. Times are ms since the epoch. */
export class Revocations {
  /** By key, the latest remembered last. */
  private readonly at = new Map<string, number>();

  constructor(private readonly options: RevocationsOptions) {}

  get size(): number {
    return this.at.size;
  }

  /** As they are kept, and as they are now. */
  entries(): (readonly [key: string, at: number])[] {
    return [...this.at];
  }

  /** False where nothing new is said by it, or what is too old to matter. */
  add(revocation: Revocation): boolean {
    const { now, rememberMs, maxEntries = MAX_ENTRIES } = this.options;
    const key = revocationKey(revocation);
    const known = this.at.get(key) ?? -Infinity;
    if (revocation.at <= known || revocation.at + rememberMs <= now()) return false;
    this.at.delete(key);
    this.at.set(key, revocation.at);
    for (const [oldest, at] of this.at) {
      if (this.at.size <= maxEntries && at + rememberMs > now()) break;
      this.at.delete(oldest);
    }
    return true;
  }

  isRevoked(principal: Pick<Principal, 'userId' | 'tokenId' | 'issuedAt'>): boolean {
    const { userId, tokenId, issuedAt } = principal;
    if (tokenId !== undefined && this.at.has(revocationKey({ tokenId, at: 0 }))) return true;
    const at = this.at.get(revocationKey({ userId, at: 0 }));
    // `iat` counts whole seconds: what was issued in the very second of the revocation is taken to be older.
    return at !== undefined && (issuedAt === undefined || issuedAt * 1_000 <= at);
  }
}

/** Whether it may revoke such a token. */
export function isAbout(revocation: Revocation, { userId, tokenId }: Principal): boolean {
  return 'tokenId' in revocation ? revocation.tokenId === tokenId : revocation.userId === userId;
}

/** As it is kept in Redis: the members of a sorted set, by time. */
export function revocationKey(revocation: Revocation): string {
  return 'tokenId' in revocation ? `jti:${revocation.tokenId}` : `user:${revocation.userId}`;
}

/** The reverse; undefined for what is none. */
export function revocationOf(key: string, at: number): Revocation | undefined {
  const [kind, text] = splitOnce(key);
  const id = parseId(text);
  if (id === undefined || !Number.isFinite(at)) return undefined;
  if (kind === 'jti') return { tokenId: id, at };
  return kind === 'user' ? { userId: id, at } : undefined;
}

function splitOnce(key: string): [string, string] {
  const colon = key.indexOf(':');
  return [key.slice(0, Math.max(0, colon)), key.slice(colon + 1)];
}

/** A message of the revocation channel that is none. The text names the field and never echoes what it holds. */
export class RevocationError extends Error {}

/**
 * Reads a message of the channel: JSON `{"user_id": …}` or `{"jti": …}`, and optionally `before`, in seconds since the epoch:
 * the user's tokens issued until then. Without it, those issued until now. A field that is null is as good as none.
 * @param toleranceMs how far ahead of this one the clock of whoever issues tokens, and says `before`, may be
 * @throws RevocationError
 */
export function parseRevocation(message: string, now: number, toleranceMs = 0): Revocation {
  let content: unknown;
  try {
    content = JSON.parse(message);
  } catch {
    throw new RevocationError('it is not JSON');
  }
  if (typeof content !== 'object' || content === null) throw new RevocationError('it is not an object');
  const { user_id, jti, before } = content as Readonly<Record<string, unknown>>;
  if ((user_id == null) === (jti == null)) throw new RevocationError('it must have either user_id or jti');
  if (before != null && (typeof before !== 'number' || !Number.isFinite(before) || before < 0)) {
    throw new RevocationError('before must be seconds since the epoch');
  }
  const id = parseId(user_id ?? jti);
  if (id === undefined) throw new RevocationError('user_id or jti must have 1 to 128 characters');
  // A time to come would keep out tokens that are yet to be issued. But `iat` and `before` are of the same clock: what that is
  // ahead must not save the latest tokens.
  const at = before == null ? now : Math.min(now + toleranceMs, before * 1_000);
  return user_id == null ? { tokenId: id, at: now } : { userId: id, at };
}
