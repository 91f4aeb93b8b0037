import { parseId } from '../common/parse-id.js';
import type { Principal } from './principal.js';

/**
 * A revocation of one token, or of all tokens of a user that were issued until `at` (ms since the
 * epoch).
 */
export type Revocation =
  { readonly tokenId: string; readonly at: number } | { readonly userId: string; readonly at: number };

interface RevocationsOptions {
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  /** How long a revocation is remembered, ms: the longest lifetime of a token. */
  readonly rememberMs: number;
  readonly maxEntries?: number;
}

const MAX_ENTRIES = 100_000;

/** The revocations that may still concern a valid token. Times are ms since the epoch. */
export class Revocations {
  /** The time of each revocation by its key, in the order in which they were added. */
  private readonly at = new Map<string, number>();

  constructor(private readonly options: RevocationsOptions) {}

  /** Returns a copy of the revocations in the form in which they are stored. */
  entries(): (readonly [key: string, at: number])[] {
    return [...this.at];
  }

  /** @returns false if the revocation adds nothing new, or is too old to concern a valid token */
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
    // `iat` has whole seconds: a token issued in the same second as the revocation counts as older.
    return at !== undefined && (issuedAt === undefined || issuedAt * 1_000 <= at);
  }
}

/** Returns true if the revocation names this token or its user. */
export function isAbout(revocation: Revocation, { userId, tokenId }: Principal): boolean {
  return 'tokenId' in revocation ? revocation.tokenId === tokenId : revocation.userId === userId;
}

/** Returns the key of a revocation: its member in the sorted set in Redis. */
export function revocationKey(revocation: Revocation): string {
  return 'tokenId' in revocation ? `jti:${revocation.tokenId}` : `user:${revocation.userId}`;
}

/** The inverse of {@link revocationKey}; undefined if the key is not valid. */
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

/**
 * Thrown for an invalid message of the revocation channel. Its text names the field and never
 * repeats the content.
 */
export class RevocationError extends Error {}

/**
 * Reads a message of the channel: JSON `{"user_id": …}` or `{"jti": …}`, optionally with `before`
 * in seconds since the epoch. A revocation of a user concerns the tokens issued until `before`, or
 * until now without it. A null field counts as missing.
 * @param toleranceMs how far the clock of the auth service, which also sets `before`, may be ahead
 * of the clock of this machine
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
  // A time in the future would revoke tokens that are not issued yet. But `iat` and `before` come
  // from the same clock, so allow that clock to be ahead: otherwise the revocation would miss the
  // latest tokens.
  const at = before == null ? now : Math.min(now + toleranceMs, before * 1_000);
  return user_id == null ? { tokenId: id, at: now } : { userId: id, at };
}
