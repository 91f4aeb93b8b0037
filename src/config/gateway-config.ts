import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { FeedTimeZone } from '../feed/feed-time-zone.js';
import type { FeedRules } from '../feed/parse-message.js';
import { MarketHours } from '../market-hours/market-hours.js';
import { RoleRooms } from './role-rooms.js';
import { crossFieldProblems } from './cross-field-checks.js';
import {
  type AuthMode,
  Environment,
  type LimitsStoreName,
  type LogLevel,
  type TransportName,
} from './environment.js';
import { Origins } from './origins.js';
import type { TlsFiles } from './tls-files.js';
import { parsePublicKeys, type PublicKey } from './public-keys.js';
import { maskSecrets, maskUrl } from './mask-secrets.js';

/** A wrong environment variable. The message is one sentence a person can act on, with secrets masked. */
export class ConfigError extends Error {}

const SECRETS: ReadonlySet<string> = new Set([
  'SECRET_KEY',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
  'JWT_SECRET',
  'JWT_PUBLIC_KEY', // somebody may put the private one there
  'ADMIN_TOKEN',
]);
const SHOWN_LENGTH = 80;
/** Chains tick more slowly than prices: in the platform's feed, one comes with every fifth price. */
const CHAIN_INTERVALS = 4;

/** The validated configuration, as the service uses it. Made once at start by {@link loadConfig}; nothing writes it. */
export class GatewayConfig {
  readonly production: boolean;
  readonly redisUrl: string;
  /** Of Redis, what `redisUrl` leaves out; for sentinels the master's. */
  readonly redisUsername: string | undefined;
  readonly redisPassword: string | undefined;
  /** Path of a PEM file; undefined: the authorities that Node.js trusts. */
  readonly redisTlsCa: string | undefined;
  readonly redisSentinelPassword: string | undefined;
  readonly redisShardedPubsub: boolean;
  /** What every key in Redis begins with; empty: nothing. */
  readonly keyPrefix: string;
  /** What every channel in Redis begins with; empty: nothing. */
  readonly channelPrefix: string;
  readonly feedProbeAfterMs: number;
  readonly serviceName: string;
  readonly port: number;
  readonly host: string;
  readonly secretKey: string;
  /** undefined: metrics and health details are on `port`; 0 takes any free one. */
  readonly adminPort: number | undefined;
  /** undefined: metrics and health details are for everybody who reaches their port. */
  readonly adminToken: string | undefined;
  /** Names by which the admin port may be addressed, besides addresses and names that public DNS does not have. */
  readonly adminHosts: readonly string[];
  /** undefined: `port` has no TLS; `adminPort` never has. */
  readonly tls: TlsFiles | undefined;
  readonly products: readonly string[];
  readonly origins: Origins;
  readonly corsCredentials: boolean;
  readonly authMode: AuthMode;
  /** What tokens are signed with by HS256. */
  readonly jwtSecret: string | undefined;
  readonly jwtPublicKeys: readonly PublicKey[];
  readonly jwtJwksUrl: URL | undefined;
  readonly jwtJwksRefreshMs: number;
  readonly jwtIssuer: string | undefined;
  /** Empty: not looked at. */
  readonly jwtAudience: readonly string[];
  readonly jwtClockToleranceSeconds: number;
  readonly tokenExpiryNoticeMs: number;
  readonly revocationMs: number;
  readonly roleRooms: RoleRooms;
  readonly logLevel: LogLevel;
  readonly cacheTtlMs: number;
  readonly cacheWriteIntervalMs: number;
  readonly cacheMaxBytes: number;
  readonly cacheWarmMaxKeys: number;
  readonly maxFeedMessageBytes: number;
  readonly clockResetAfterMs: number;
  readonly staleAfterMs: number;
  readonly chainStaleAfterMs: number;
  /** How the parser reads and checks feed messages. */
  readonly feedRules: FeedRules;
  readonly marketHours: MarketHours;
  readonly maxSymbolsPerRequest: number;
  readonly maxSubscriptions: number;
  /** Rooms of one client whose product the gateway has never seen. */
  readonly maxUnknownSubscriptions: number;
  readonly maxChainsPerSnapshot: number;
  readonly maxPayloadBytes: number;
  readonly eventsPerSecond: number;
  readonly eventBurst: number;
  /** Units of work: see RequestCost. */
  readonly workPerSecond: number;
  readonly workBurst: number;
  /** 0: no limit, here and in the two below. */
  readonly maxConnectionsPerUser: number;
  readonly maxConnectionsPerIp: number;
  readonly handshakesPerIpPerMinute: number;
  /** Addresses and networks of the proxies whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[];
  readonly limitsStore: LimitsStoreName;
  readonly flushMaxDelayMs: number;
  /** 0: never. */
  readonly compressAboveBytes: number;
  readonly conflateAboveBytes: number;
  readonly maxClientBufferBytes: number;
  readonly slowClientTimeoutMs: number;
  readonly maxConnections: number;
  readonly handshakesPerSecond: number;
  /** 0: not watched. */
  readonly maxEventLoopDelayMs: number;
  /** 0: from the container's limit. */
  readonly maxRssBytes: number;
  readonly drainTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly transports: readonly TransportName[];

  constructor(env: Environment) {
    this.production = env.NODE_ENV === 'production';
    this.redisUrl = env.REDIS_URL;
    this.redisUsername = env.REDIS_USERNAME;
    this.redisPassword = env.REDIS_PASSWORD;
    this.redisTlsCa = env.REDIS_TLS_CA;
    this.redisSentinelPassword = env.REDIS_SENTINEL_PASSWORD;
    this.redisShardedPubsub = env.REDIS_SHARDED_PUBSUB;
    this.keyPrefix = env.KEY_PREFIX;
    this.channelPrefix = env.CHANNEL_PREFIX;
    this.feedProbeAfterMs = env.FEED_PROBE_AFTER_MS;
    this.serviceName = env.SERVICE_NAME;
    this.port = env.PORT;
    this.host = env.HOST;
    this.secretKey = env.SECRET_KEY;
    this.adminPort = env.ADMIN_PORT;
    this.adminToken = env.ADMIN_TOKEN;
    this.adminHosts = env.ADMIN_HOSTS;
    this.tls =
      env.TLS_CERT === undefined || env.TLS_KEY === undefined
        ? undefined
        : { cert: env.TLS_CERT, key: env.TLS_KEY };
    this.products = env.PRODUCTS;
    this.origins = new Origins(env.CORS_ORIGINS ?? (this.production ? undefined : ['*']));
    this.corsCredentials = env.CORS_CREDENTIALS;
    this.authMode = env.AUTH_MODE;
    this.jwtSecret = env.JWT_SECRET;
    this.jwtPublicKeys = env.JWT_PUBLIC_KEY === undefined ? [] : parsePublicKeys(env.JWT_PUBLIC_KEY);
    this.jwtJwksUrl = env.JWT_JWKS_URL === undefined ? undefined : new URL(env.JWT_JWKS_URL);
    this.jwtJwksRefreshMs = env.JWT_JWKS_REFRESH_SECONDS * 1_000;
    this.jwtIssuer = env.JWT_ISSUER;
    this.jwtAudience = env.JWT_AUDIENCE;
    this.jwtClockToleranceSeconds = env.JWT_CLOCK_TOLERANCE_SECONDS;
    this.tokenExpiryNoticeMs = env.TOKEN_EXPIRY_NOTICE_SECONDS * 1_000;
    this.revocationMs = env.REVOCATION_SECONDS * 1_000;
    this.roleRooms = RoleRooms.parse(env.ROLE_ROOMS);
    this.logLevel = env.LOG_LEVEL;
    this.cacheTtlMs = env.CACHE_TTL_SECONDS * 1_000;
    this.cacheWriteIntervalMs = env.CACHE_WRITE_INTERVAL_MS;
    this.cacheMaxBytes = env.CACHE_MAX_BYTES;
    this.cacheWarmMaxKeys = env.CACHE_WARM_MAX_KEYS;
    this.maxFeedMessageBytes = env.MAX_FEED_MESSAGE_BYTES;
    this.clockResetAfterMs = env.CLOCK_RESET_AFTER_MS;
    this.staleAfterMs = env.STALE_AFTER_MS;
    this.chainStaleAfterMs = env.CHAIN_STALE_AFTER_MS ?? CHAIN_INTERVALS * env.STALE_AFTER_MS;
    this.feedRules = {
      maxSize: env.MAX_FEED_MESSAGE_BYTES,
      offsetOf: new FeedTimeZone(env.FEED_TIME_ZONE).offsetOf,
    };
    this.marketHours = MarketHours.parse(env.MARKET_HOURS);
    this.maxSymbolsPerRequest = env.MAX_SYMBOLS_PER_REQUEST;
    this.maxSubscriptions = env.MAX_SUBSCRIPTIONS;
    this.maxUnknownSubscriptions = env.MAX_UNKNOWN_SUBSCRIPTIONS;
    this.maxChainsPerSnapshot = env.MAX_CHAINS_PER_SNAPSHOT;
    this.maxPayloadBytes = env.MAX_PAYLOAD_BYTES;
    this.eventsPerSecond = env.EVENTS_PER_SECOND;
    this.eventBurst = env.EVENT_BURST;
    this.workPerSecond = env.WORK_PER_SECOND;
    this.workBurst = env.WORK_BURST;
    this.maxConnectionsPerUser = env.MAX_CONNECTIONS_PER_USER;
    this.maxConnectionsPerIp = env.MAX_CONNECTIONS_PER_IP;
    this.handshakesPerIpPerMinute = env.HANDSHAKES_PER_IP_PER_MINUTE;
    this.trustProxy = env.TRUST_PROXY;
    this.limitsStore = env.LIMITS_STORE;
    this.flushMaxDelayMs = env.FLUSH_MAX_DELAY_MS;
    this.compressAboveBytes = env.COMPRESS_ABOVE_BYTES;
    this.conflateAboveBytes = env.CONFLATE_ABOVE_BYTES;
    this.maxClientBufferBytes = env.MAX_CLIENT_BUFFER_BYTES;
    this.slowClientTimeoutMs = env.SLOW_CLIENT_TIMEOUT_MS;
    this.maxConnections = env.MAX_CONNECTIONS;
    this.handshakesPerSecond = env.HANDSHAKES_PER_SECOND;
    this.maxEventLoopDelayMs = env.MAX_EVENT_LOOP_DELAY_MS;
    this.maxRssBytes = env.MAX_RSS_BYTES;
    this.drainTimeoutMs = env.DRAIN_TIMEOUT_MS;
    this.pingIntervalMs = env.PING_INTERVAL_MS;
    this.pingTimeoutMs = env.PING_TIMEOUT_MS;
    this.transports = env.TRANSPORTS;
  }
}

/**
 * Reads the configuration from environment variables. An unset or empty one takes its default.
 * @throws ConfigError with a sentence for each variable that is wrong.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): GatewayConfig {
  const given = Object.fromEntries(
    Object.keys(new Environment()).flatMap((name) => {
      const value = env[name];
      return value === undefined || value.trim() === '' ? [] : [[name, value]];
    }),
  );
  const environment = plainToInstance(Environment, given, { exposeDefaultValues: true });
  const errors = validateSync(environment, { stopAtFirstError: true });
  if (errors.length > 0) {
    const sentences = errors.map(({ property, constraints }) => {
      const allowed = Object.values(constraints ?? {})[0] ?? 'valid';
      return `${property} is ${show(property, env[property])}, but must be ${allowed}.`;
    });
    throw new ConfigError(sentences.join(' '));
  }
  const contradiction = crossFieldProblems(environment, (name) => show(name, String(environment[name])));
  if (contradiction.length > 0) throw new ConfigError(contradiction.join(' '));
  return new GatewayConfig(environment);
}

function show(name: string, value = ''): string {
  if (SECRETS.has(name)) return '"***"';
  const shown = name === 'REDIS_URL' ? maskUrl(value) : maskSecrets(value);
  return JSON.stringify(shown.length > SHOWN_LENGTH ? `${shown.slice(0, SHOWN_LENGTH)}...` : shown);
}
