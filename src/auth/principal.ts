import { isSymbol } from '../contract/index.js';
import { invalidToken } from './auth-error.js';
import { parseId } from '../common/parse-id.js';
import { Permissions } from './permissions.js';
import { ADMIN_ROLE, DEFAULT_ROLE, ROLE_PATTERN, type RoleRooms } from '../config/role-rooms.js';
import { RoomPatterns } from '../config/room-patterns.js';

/** The user that a token names, and the claims of the token about that user. */
export interface Principal {
  readonly userId: string;
  /** The `jti` claim; undefined if the token has none. */
  readonly tokenId: string | undefined;
  readonly role: string;
  /** The `iat` claim, seconds since the epoch; undefined if the token has none. */
  readonly issuedAt: number | undefined;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly permissions: Permissions;
}

/** The claims of a token whose signature, times, issuer and audience have been checked. */
export type Claims = Readonly<Record<string, unknown>>;

/** The most patterns in a token: each of them is matched against the name of a room in turn. */
const MAX_PATTERNS = 100;
const MAX_PRODUCTS = 1_000;

/**
 * Reads the claims `user_id` (or `sub`), `jti`, `iat`, `exp`, `role`, `rooms` and `products`. Other
 * claims, such as the `email` of the platform, are ignored.
 * @throws AuthError if a claim is malformed: a token with malformed permissions must not be treated
 * as one without any restrictions
 */
export function principalOf(claims: Claims, roleRooms: RoleRooms): Principal {
  const userId = parseId(claims.user_id ?? claims.sub);
  if (userId === undefined) throw invalidToken('has no user_id of 1 to 128 characters');
  const jti = claims.jti ?? undefined;
  const tokenId = parseId(jti);
  if (jti !== undefined && tokenId === undefined) {
    throw invalidToken('has a jti that is not 1 to 128 characters long');
  }
  if (typeof claims.exp !== 'number' || !Number.isFinite(claims.exp))
    throw invalidToken('has no expiry time (exp)');
  const role = claims.role ?? DEFAULT_ROLE;
  if (typeof role !== 'string' || !ROLE_PATTERN.test(role)) {
    throw invalidToken('has a role that is not 1 to 63 letters, digits or . _ -');
  }
  return {
    userId,
    tokenId,
    role,
    issuedAt: typeof claims.iat === 'number' ? claims.iat : undefined,
    expiresAt: claims.exp,
    permissions: permissionsOf(claims, role, roleRooms),
  };
}

function permissionsOf(claims: Claims, role: string, roleRooms: RoleRooms): Permissions {
  const ofRole = roleRooms.of(role);
  const rooms = listOf(claims.rooms, RoomPatterns.isPattern, MAX_PATTERNS, 'rooms', 'patterns of rooms');
  const products = listOf(claims.products, isSymbol, MAX_PRODUCTS, 'products', 'symbols');
  return new Permissions(
    [...(ofRole ? [ofRole] : []), ...(rooms ? [new RoomPatterns(rooms)] : [])],
    products && new Set(products),
    role === ADMIN_ROLE,
  );
}

function listOf(
  claim: unknown,
  isItem: (item: unknown) => item is string,
  maxLength: number,
  name: string,
  items: string,
): readonly string[] | undefined {
  if (claim === undefined) return undefined;
  if (!Array.isArray(claim) || claim.length > maxLength || !claim.every(isItem)) {
    throw invalidToken(`has ${name} that are not a list of at most ${maxLength} ${items}`);
  }
  return claim;
}
