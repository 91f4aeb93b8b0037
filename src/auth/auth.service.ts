import { createSecretKey } from 'node:crypto';
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { type ClosingCode, type ConnectedUser, ServerEvent } from '../contract/index.js';
import { closeClient } from '../transports/socket-io/close-client.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { CONNECTION_COUNTS, type ConnectionCounts } from '../limits/connection-counts.js';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { AuthMetrics } from './auth.metrics.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { AuthError, OtherUserError } from './auth-error.js';
import { Authenticator, type Credentials } from './authenticator.js';
import { NamespaceAuthMiddleware } from './namespace-auth-middleware.js';
import { handshakeOptions } from './handshake-options.js';
import { Permissions } from './permissions.js';
import type { Principal } from './principal.js';
import { pseudonym } from './pseudonym.js';
import { RemoteKeys } from './remote-keys.js';
import { RevocationService } from './revocation.service.js';
import { isAbout, type Revocation } from './revocations.js';
import { Sessions } from './sessions.js';
import { handshakeSpans } from '../tracing/handshake-spans.js';
import { TokenVerifier, type VerificationKey } from './token-verifier.js';
import { UserConnections } from './user-connections.js';

/** The user of one HTTP request. */
export interface RequestUser {
  /** Undefined if the request is anonymous. */
  readonly userId: string | undefined;
  readonly permissions: Permissions;
  /**
   * Checks again, after the request has waited.
   * @throws AuthError if the token has been revoked
   */
  checkRevoked(): void;
}

/**
 * Authenticates clients, decides what they may see, and ends their sessions when their tokens
 * expire or are revoked. Nest guards cannot do this: they see only requests, neither connections
 * nor how long they last.
 */
@Injectable()
export class AuthService implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private verifier: TokenVerifier;
  private readonly authenticator: Authenticator;
  private readonly sessions: Sessions<GatewaySocket>;
  /** The permissions of clients without a token. */
  private readonly anonymous: Permissions;
  private readonly remoteKeys: RemoteKeys | undefined;
  private readonly users: UserConnections<GatewaySocket>;
  private readonly namespaceAuth: NamespaceAuthMiddleware<GatewaySocket, Principal>;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly revocations: RevocationService,
    private readonly metrics: AuthMetrics,
    private readonly transportMetrics: TransportMetrics,
    @Inject(CONNECTION_COUNTS) counts: ConnectionCounts,
    @Inject(CLOCK) private readonly clock: Clock,
    faults: RateLimitedLog,
    @InjectPinoLogger(AuthService.name) log: PinoLogger,
  ) {
    if (config.authMode !== 'off' && config.jwtJwksUrl) {
      this.remoteKeys = new RemoteKeys({
        url: config.jwtJwksUrl,
        refreshMs: config.jwtJwksRefreshMs,
        clock,
        failed: (problem) => faults.warn('jwks', 'jwks_not_fetched', { problem }),
      });
    }
    this.verifier = this.verifierWith(config);
    this.authenticator = new Authenticator({
      mode: config.authMode,
      verify: (token) => this.verifier.verify(token),
      isRevoked: (principal) => revocations.isRevoked(principal),
    });
    this.anonymous = permissionsOfAnonymous(config);
    this.sessions = new Sessions({
      clock,
      now: () => clock.wallNow(),
      noticeMs: config.tokenExpiryNoticeMs,
      toleranceMs: config.jwtClockToleranceSeconds * 1_000,
      random: Math.random,
      tell: (client, { expiresAt }) =>
        void client.emit(ServerEvent.tokenExpiring, {
          expires_in_ms: Math.max(0, expiresAt * 1_000 - clock.wallNow()),
          expires_at: expiresAt,
        }),
      expire: (client) => this.close(client, 'TOKEN_EXPIRED'),
    });
    this.users = new UserConnections(counts, config.maxConnectionsPerUser);
    this.namespaceAuth = new NamespaceAuthMiddleware({
      clock,
      admit: (client) =>
        handshakeSpans
          ? handshakeSpans.during(client.conn.request, 'authenticate', () => this.admit(client))
          : this.admit(client),
      refused: ({ code }, fault) => {
        if (fault !== undefined) log.error({ err: fault }, 'authentication_failed');
        metrics.authentications.inc({ at: 'connect', result: code });
        faults.warn(`refused:${code}`, 'client_refused', { code });
      },
    });
  }

  onModuleInit(): void {
    this.server.use((client, next) => this.namespaceAuth.ask(client, next));
    this.revocations.listen((revocation) => this.closeRevoked(revocation));
    this.metrics.onScrape(() => {
      this.metrics.authenticated.set(this.sessions.size);
      this.metrics.keysMissing.set(this.keysProblem === undefined ? 0 : 1);
    });
  }

  /**
   * Checks tokens with these keys from now on. Sessions that have begun keep theirs until it ends.
   */
  useKeysOf(config: GatewayConfig): void {
    this.verifier = this.verifierWith(config);
  }

  private verifierWith(config: GatewayConfig): TokenVerifier {
    return new TokenVerifier({
      keys: verificationKeys(config, this.remoteKeys),
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      clockToleranceSeconds: config.jwtClockToleranceSeconds,
      now: () => this.clock.wallNow(),
      roleRooms: config.roleRooms,
    });
  }

  /** Why the gateway cannot check tokens now; undefined while it can. */
  get keysProblem(): string | undefined {
    const { remoteKeys } = this;
    return remoteKeys?.known === false
      ? `the keys of JWT_JWKS_URL cannot be fetched: ${remoteKeys.problem}`
      : undefined;
  }

  onApplicationBootstrap(): void {
    this.remoteKeys?.start();
  }

  onApplicationShutdown(): void {
    this.remoteKeys?.stop();
  }

  /**
   * Starts the session of a client that has connected.
   * @returns false if its token was revoked at the last moment, in which case the connection is
   * closed
   */
  enter(client: GatewaySocket): boolean {
    const principal = this.namespaceAuth.enter(client);
    this.metrics.authentications.inc({ at: 'connect', result: principal ? 'token' : 'anonymous' });
    if (!principal) return true;
    if (this.revocations.isRevoked(principal)) {
      this.close(client, 'TOKEN_REVOKED');
      return false;
    }
    this.sessions.start(client, principal);
    return true;
  }

  leave(client: GatewaySocket): void {
    this.sessions.end(client);
    this.users.release(client);
  }

  permissionsOf(client: GatewaySocket): Permissions {
    return this.sessions.principalOf(client)?.permissions ?? this.anonymous;
  }

  /** The user in the `connected` event; null if the client is anonymous. */
  userOf(client: GatewaySocket): ConnectedUser | null {
    const principal = this.sessions.principalOf(client);
    if (!principal) return null;
    return { user_id: principal.userId, role: principal.role, expires_at: principal.expiresAt };
  }

  /** The user of a client; undefined if it is anonymous or its session has ended. */
  userIdOf(client: GatewaySocket): string | undefined {
    return this.sessions.principalOf(client)?.userId;
  }

  /** The name of the user in logs; undefined if the client is anonymous. */
  pseudonymOf(client: GatewaySocket): string | undefined {
    const principal = this.sessions.principalOf(client);
    return principal && pseudonym(this.config.secretKey, principal.userId);
  }

  /**
   * Continues the client's session with a new token. If the client had a token, the new one must be
   * of the same user.
   * @returns the expiry time of the new token, seconds since the epoch; null if authentication is
   * off
   * @throws AuthError if the gateway does not accept the new token; the client then keeps the one
   * it had
   */
  async refresh(client: GatewaySocket, token: unknown): Promise<number | null> {
    if (this.config.authMode === 'off') return null;
    try {
      const principal = await this.authenticator.check(token);
      const before = this.sessions.principalOf(client);
      if (before && before.userId !== principal.userId) {
        throw new OtherUserError();
      }
      if (!before) await this.takeUser(client, principal);
      // The connection may have closed in the meantime, for example because the old token expired.
      if (client.connected) this.sessions.start(client, principal);
      else this.users.release(client);
      this.metrics.authentications.inc({ at: 'refresh', result: 'token' });
      return principal.expiresAt;
    } catch (error) {
      if (error instanceof AuthError) this.metrics.authentications.inc({ at: 'refresh', result: error.code });
      throw error;
    }
  }

  /**
   * Authenticates an HTTP request through its Authorization header, as if a client connected.
   * @throws AuthError if a required token is missing, or if the token is not accepted
   */
  async authenticateRequest(headers: Credentials['headers']): Promise<RequestUser> {
    try {
      const principal = await this.authenticator.authenticate({ auth: undefined, headers });
      this.metrics.authentications.inc({ at: 'request', result: principal ? 'token' : 'anonymous' });
      return {
        userId: principal?.userId,
        permissions: principal?.permissions ?? this.anonymous,
        checkRevoked: () => principal && this.authenticator.checkRevoked(principal),
      };
    } catch (error) {
      if (error instanceof AuthError) this.metrics.authentications.inc({ at: 'request', result: error.code });
      throw error;
    }
  }

  private async admit(client: GatewaySocket): Promise<Principal | undefined> {
    const { auth, headers } = client.handshake;
    // Do not keep the token in memory for as long as the connection lives.
    client.handshake.auth = handshakeOptions(auth);
    const principal = await this.authenticator.authenticate({ auth, headers });
    if (principal) await this.takeUser(client, principal);
    return principal;
  }

  /**
   * @throws AuthError if the user has too many connections, or is revoked while they are being
   * counted
   */
  private async takeUser(client: GatewaySocket, principal: Principal): Promise<void> {
    await this.users.take(client, principal.userId);
    try {
      this.authenticator.checkRevoked(principal);
    } catch (error) {
      this.users.release(client);
      throw error;
    }
  }

  private closeRevoked(revocation?: Revocation): void {
    const revoked = this.sessions.matching(
      (principal) =>
        // Check the cheap condition first: there may be a hundred thousand sessions, and a
        // revocation concerns almost none of them.
        (!revocation || isAbout(revocation, principal)) && this.revocations.isRevoked(principal),
    );
    for (const client of revoked) {
      this.close(client, 'TOKEN_REVOKED');
    }
  }

  private close(client: GatewaySocket, code: ClosingCode): void {
    // Now, because the connection may take a moment to close.
    this.sessions.end(client);
    this.transportMetrics.closedClients.inc({ code });
    closeClient(client, code);
  }
}

function permissionsOfAnonymous({ authMode, roleRooms }: GatewayConfig): Permissions {
  if (authMode === 'off') return Permissions.all;
  // Every client has a token in this mode, except one whose token has expired while its request
  // waited.
  if (authMode === 'required') return Permissions.none;
  const rooms = roleRooms.withoutToken;
  return rooms ? new Permissions([rooms]) : Permissions.all;
}

function verificationKeys(
  { jwtSecret, jwtPublicKeys }: GatewayConfig,
  remoteKeys: RemoteKeys | undefined,
): VerificationKey[] {
  return [
    ...(jwtSecret === undefined
      ? []
      : [{ algorithms: ['HS256'], key: createSecretKey(Buffer.from(jwtSecret)) }]),
    ...jwtPublicKeys.map(({ algorithm, key }) => ({ algorithms: [algorithm], key })),
    ...(remoteKeys ? [{ algorithms: ['RS256', 'ES256', 'EdDSA'], key: remoteKeys.find }] : []),
  ];
}
