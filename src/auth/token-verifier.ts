import type { KeyObject } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { AuthError, authUnavailable, invalidToken } from './auth-error.js';
import { type Claims, type Principal, principalOf } from './principal.js';
import type { RoleRooms } from '../config/role-rooms.js';

/** A key for one algorithm, or what finds it by the token's header. */
export interface VerificationKey {
  readonly algorithms: readonly string[];
  readonly key: KeyObject | JWTVerifyGetKey;
}

export interface TokenVerifierOptions {
  /** Tried in this order, as far as they are for the token's algorithm. */
  readonly keys: readonly VerificationKey[];
  /** undefined: not looked at. */
  readonly issuer: string | undefined;
  /** One of them must be the token's; empty: not looked at. */
  readonly audience: readonly string[];
  readonly clockToleranceSeconds: number;
  /** Wall-clock time, ms since the epoch. */
  readonly now: () => number;
  readonly roleRooms: RoleRooms;
}

/** More than this, in characters, is no token of an auth service; nothing of it is decoded. */
const MAX_TOKEN_LENGTH = 8_192;

/**
 * Whether a JSON Web Token is one that this gateway takes, and whom it names. Which key checks it follows from the
 * algorithm each key is for: a token cannot have a public key taken for a secret, nor go unsigned.
 */
export class TokenVerifier {
  constructor(private readonly options: TokenVerifierOptions) {}

  /** @throws AuthError */
  async verify(token: unknown): Promise<Principal> {
    if (typeof token !== 'string') throw invalidToken('is not a string');
    if (token.length > MAX_TOKEN_LENGTH) throw invalidToken(`is longer than ${MAX_TOKEN_LENGTH} characters`);
    const algorithm = algorithmOf(token);
    const keys = this.options.keys.filter(({ algorithms }) => algorithms.includes(algorithm));
    if (keys.length === 0)
      throw invalidToken('is signed with an algorithm that this gateway does not accept');
    let refusal = invalidToken('has a wrong signature');
    for (const { key } of keys) {
      try {
        const principal = principalOf(await this.claimsOf(token, algorithm, key), this.options.roleRooms);
        this.checkIssued(principal);
        return principal;
      } catch (error) {
        refusal = refusalOf(error);
        // Another of the keys may be the one it was signed with; whose signature is right need not be tried again.
        if (!isWrongKeyError(error)) break;
      }
    }
    throw refusal;
  }

  /** No revocation would reach what says that it was issued later; jose looks at `iat` only for a token's age. */
  private checkIssued({ issuedAt = -Infinity }: Principal): void {
    if (issuedAt > this.options.now() / 1_000 + this.options.clockToleranceSeconds)
      throw invalidToken('has an issue time (iat) in the future');
  }

  private async claimsOf(token: string, algorithm: string, key: VerificationKey['key']): Promise<Claims> {
    const { issuer, audience, clockToleranceSeconds } = this.options;
    const options = {
      algorithms: [algorithm],
      requiredClaims: ['exp'],
      clockTolerance: clockToleranceSeconds,
      ...(issuer !== undefined && { issuer }),
      ...(audience.length > 0 && { audience: [...audience] }),
    };
    if (typeof key !== 'function') return (await jwtVerify(token, key, options)).payload;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // A token that names no key, and a set with several of its kind.
      let last: unknown = new errors.JWKSNoMatchingKey();
      for await (const candidate of error) {
        try {
          return (await jwtVerify(token, candidate, options)).payload;
        } catch (failure) {
          if (!isWrongKeyError(failure)) throw failure;
          last = failure;
        }
      }
      throw last;
    }
  }
}

function algorithmOf(token: string): string {
  try {
    const { alg } = decodeProtectedHeader(token);
    return typeof alg === 'string' ? alg : '';
  } catch {
    throw invalidToken('is not a JSON Web Token');
  }
}

function isWrongKeyError(error: unknown): boolean {
  return error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey;
}

/** By code and claim; jose's own messages are for developers. */
function refusalOf(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired)
    return new AuthError('TOKEN_EXPIRED', 'The token has expired. Get a new one.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case 'nbf':
        return invalidToken('is not valid yet');
      case 'iss':
      case 'aud':
        return invalidToken('is not for this service');
      case 'exp':
        return invalidToken('has no expiry time (exp)');
      default:
        return invalidToken('has an invalid claim');
    }
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return invalidToken('has a wrong signature');
  }
  if (error instanceof errors.JWKSNoMatchingKey) return invalidToken('is signed with an unknown key');
  if (error instanceof KeysUnavailable) return authUnavailable();
  return invalidToken('is malformed');
}

/** The keys could not be fetched: nothing is known of the token. */
export class KeysUnavailable extends Error {}
