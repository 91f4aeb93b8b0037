import type { AuthMode } from '../config/environment.js';
import { AuthError } from './auth-error.js';
import type { Principal } from './principal.js';

/** The credentials that a client sends when it connects to the namespace, or with a request. */
export interface Credentials {
  /** `auth` of the Socket.IO handshake, as the client sent it; undefined for other requests. */
  readonly auth: unknown;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

interface AuthenticatorOptions {
  readonly mode: AuthMode;
  /** @throws AuthError */
  readonly verify: (token: unknown) => Promise<Principal>;
  readonly isRevoked: (principal: Principal) => boolean;
}

/** Finds out which user a client is. */
export class Authenticator {
  constructor(private readonly options: AuthenticatorOptions) {}

  /**
   * @returns undefined if the client is anonymous, and the mode allows that
   * @throws AuthError if a required token is missing, or if the token is not accepted. A client
   * that tried to authenticate must never be silently downgraded to anonymous.
   */
  async authenticate(credentials: Credentials): Promise<Principal | undefined> {
    const { mode } = this.options;
    if (mode === 'off') return undefined;
    const token = tokenOf(credentials);
    if (token !== undefined) return this.check(token);
    if (mode === 'optional') return undefined;
    const where =
      credentials.auth === undefined
        ? 'the Authorization header'
        : 'auth.token or in the Authorization header';
    const message = `A token is required. Send it in ${where}; a token in the URL is ignored.`;
    throw new AuthError('AUTH_REQUIRED', message);
  }

  /** @throws AuthError */
  async check(token: unknown): Promise<Principal> {
    const principal = await this.options.verify(token);
    this.checkRevoked(principal);
    return principal;
  }

  /** @throws AuthError */
  checkRevoked(principal: Principal): void {
    if (this.options.isRevoked(principal))
      throw new AuthError(
        'TOKEN_REVOKED',
        'This token, or every token of this user, has been revoked. Sign in again.',
      );
  }
}

/** Ignores a token in the URL, because every proxy on the way logs URLs. */
function tokenOf({ auth, headers }: Credentials): unknown {
  const given: unknown =
    typeof auth === 'object' && auth !== null && 'token' in auth ? auth.token : undefined;
  // Front ends without a token send null or an empty string.
  if (given !== undefined && given !== null && given !== '') return given;
  const { authorization } = headers;
  const [, bearer] = typeof authorization === 'string' ? (/^Bearer\b(.*)$/i.exec(authorization) ?? []) : [];
  return bearer?.trim();
}
