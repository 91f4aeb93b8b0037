import type { KeyObject } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { AuthError, authUnavailable, invalidToken } from './auth-error.js';
import { type Claims, type Principal, principalOf } from './principal.js';
import type { RoleRooms } from '../config/role-rooms.js';

/**
 * A key, or a function that finds it from the header of the token, with the algorithms it may be
 * used for.
 */
export interface VerificationKey {
  readonly algorithms: readonly string[];
  readonly key: KeyObject | JWTVerifyGetKey;
}

export interface TokenVerifierOptions {
  /** Keys for the algorithm of the token are tried in this order. */
  readonly keys: readonly VerificationKey[];
  /** The required issuer; undefined: not checked. */
  readonly issuer: string | undefined;
  /** The token must name one of these audiences; empty: not checked. */
  readonly audience: readonly string[];
  readonly clockToleranceSeconds: number;
  /** Wall-clock time, ms since the epoch. */
  readonly now: () => number;
  readonly roleRooms: RoleRooms;
}

/** The longest token that is decoded, in characters: no auth service issues longer ones. */
const MAX_TOKEN_LENGTH = 8_192;

/**
 * Checks a JSON Web Token and returns the user it names. Each key is bound to its algorithms, so an
 * attacker can neither use a public key as an HMAC secret nor send an unsigned token.
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
        // Try the next key only if the signature was wrong: if it was right, another key cannot
        // help.
        if (!isWrongKeyError(error)) break;
      }
    }
    throw refusal;
  }

  /**
   * Rejects a token that claims to be issued in the future, because a revocation would not cover
   * it. jose checks `iat` only with `maxTokenAge`.
   */
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
      // The token names no key, and several keys of the set match its algorithm: try each of them.
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

/**
 * Translates an error of jose by its code and claim, because the messages of jose are written for
 * developers.
 */
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

/** Thrown if the keys could not be fetched, so that the token could not be checked. */
export class KeysUnavailable extends Error {}
