import { Transform } from 'class-transformer';
import { ArrayNotEmpty, IsBoolean, IsIn, IsNotEmpty, IsOptional, Matches, MaxLength } from 'class-validator';
import { Check } from '../common/check.js';
import { timeZoneProblem } from '../common/time-zone.js';
import { ROLE_ROOMS_EXAMPLE } from './role-rooms.js';
import { SYMBOL_PATTERN, SYMBOL_RULE } from '../contract/index.js';
import { MARKET_HOURS_EXAMPLE } from '../market-hours/market-hours.js';
import { SPECIAL_DAYS_EXAMPLE } from '../market-hours/special-days.js';
import { isAdminHost } from './admin-hosts.js';
import {
  Integer,
  isHttpUrl,
  isProxyList,
  isRedisUrl,
  marketHolidaysProblem,
  marketHoursProblem,
  OneLine,
  OneOf,
  publicKeyProblem,
  roleRoomsProblem,
  toBoolean,
  toList,
  toPem,
  toSwitch,
  toTrimmed,
  WorkerCount,
} from './environment-checks.js';
import { isOriginPattern } from './origins.js';
import { isCertificateFile, isPrivateKeyFile } from './pem-files.js';

/**
 * A prefix excludes blanks, the wildcards of SCAN and ACL patterns, and the braces that set the
 * slot of a key in a cluster.
 */
const REDIS_PREFIX_PATTERN = /^[A-Za-z0-9:._/-]{0,64}$/;
const REDIS_PREFIX_RULE = 'at most 64 letters, digits or : . _ / -, such as staging:';

/** The default of SECRET_KEY, which everyone knows. */
export const DEFAULT_SECRET_KEY = 'dev-secret-key';

/** The levels that the log can have, from the fewest lines to the most. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const TRANSPORTS = ['websocket', 'polling', 'plain-websocket', 'sse'] as const;
const AUTH_MODES = ['off', 'optional', 'required'] as const;
const LIMITS_STORES = ['memory', 'redis'] as const;
const FANOUT_NATIVE = ['auto', 'off'] as const;
const SWITCH = ['on', 'off'] as const;

type LogLevel = (typeof LOG_LEVELS)[number];
type TransportName = (typeof TRANSPORTS)[number];
export type AuthMode = (typeof AUTH_MODES)[number];
type LimitsStoreName = (typeof LIMITS_STORES)[number];
type FanoutNative = (typeof FANOUT_NATIVE)[number];
type Switch = (typeof SWITCH)[number];

/**
 * The environment variables of the service, under their own names, with their defaults. The text of
 * each check completes the sentence "NAME is VALUE, but must be ...". `docs/configuration.md`
 * describes them, and a test compares the two.
 */
export class Environment {
  @OneOf(['development', 'test', 'production'])
  NODE_ENV = 'development';

  @Transform(toTrimmed)
  @Check(isRedisUrl, {
    message:
      'a URL such as redis://:password@host:6379/0, redis+sentinel://host:26379,host:26379/name or ' +
      'redis+cluster://host:6379,host:6379 (rediss for TLS), with no ?query or #fragment and a % of the password ' +
      'written as %25',
  })
  REDIS_URL = 'redis://localhost:6379/0';

  /** Used if the URL names no user. With sentinels, this is the user of the master. */
  @OneLine('a name')
  REDIS_USERNAME?: string = undefined;

  /** Used if the URL has no password. With sentinels, this is the password of the master. */
  @OneLine('a password')
  REDIS_PASSWORD?: string = undefined;

  /** `undefined`: the certificate authorities that Node.js trusts. */
  @Check(isCertificateFile, { message: 'the path of a file with a certificate in PEM form' })
  REDIS_TLS_CA?: string = undefined;

  @OneLine('a password')
  REDIS_SENTINEL_PASSWORD?: string = undefined;

  @Transform(toBoolean)
  @IsBoolean({ message: 'true or false' })
  REDIS_SHARDED_PUBSUB = false;

  /** The prefix of every key in Redis. */
  @Transform(toTrimmed)
  @Matches(REDIS_PREFIX_PATTERN, { message: REDIS_PREFIX_RULE })
  KEY_PREFIX = '';

  /** The prefix of every channel in Redis. */
  @Transform(toTrimmed)
  @Matches(REDIS_PREFIX_PATTERN, { message: REDIS_PREFIX_RULE })
  CHANNEL_PREFIX = '';

  @Integer(100, 3_600_000, 'milliseconds')
  FEED_PROBE_AFTER_MS = 1_000;

  @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
    message: '1 to 63 letters, digits or . _ - and begin with a letter or digit',
  })
  SERVICE_NAME = 'socket-gateway';

  /** `undefined`: the name of the machine, and the process or worker if it is one of several. */
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, {
    message: '1 to 128 letters, digits or . _ - and begin with a letter or digit',
  })
  @IsOptional()
  REPLICA_NAME?: string = undefined;

  @Integer(0, 65_535, '0 takes any free port')
  PORT = 8002;

  @IsNotEmpty({ message: 'an address to listen on, such as 0.0.0.0' })
  @MaxLength(255, { message: 'an address to listen on, such as 0.0.0.0' })
  HOST = '0.0.0.0';

  /** Where `ADMIN_PORT` listens; `undefined`: on `HOST`. */
  @MaxLength(255, { message: 'an address to listen on, such as 127.0.0.1' })
  @IsOptional()
  ADMIN_HOST?: string = undefined;

  /** `undefined`: metrics and health details are served on `PORT`. */
  @Integer(0, 65_535, '0 takes any free port')
  @IsOptional()
  ADMIN_PORT?: number = undefined;

  /** `undefined`: metrics and health details need no token. */
  // The token must be a valid header value. One with a final line break, read from a file, would
  // never match.
  @Matches(/^[\x21-\x7e]{16,}$/, { message: 'at least 16 letters, digits or signs, without blanks' })
  @IsOptional()
  ADMIN_TOKEN?: string = undefined;

  /** Whether the admin API hands out heap snapshots, which hold tokens, and CPU profiles. */
  @Transform(toBoolean)
  @IsBoolean({ message: 'true or false' })
  ADMIN_DIAGNOSTICS = false;

  /**
   * Names that the admin port accepts as `Host`, in addition to addresses and names that public DNS
   * does not resolve.
   */
  @Transform(toList)
  @Check((value) => Array.isArray(value) && value.every(isAdminHost), {
    message: 'a comma-separated list of names such as gateway.example.com or *.example.com, or *',
  })
  ADMIN_HOSTS: string[] = [];

  @Check(isCertificateFile, { message: 'the path of a file with a certificate in PEM form' })
  TLS_CERT?: string = undefined;

  @Check(isPrivateKeyFile, { message: 'the path of a file with a private key in PEM form' })
  TLS_KEY?: string = undefined;

  @IsNotEmpty({ message: 'a non-empty string' })
  SECRET_KEY = DEFAULT_SECRET_KEY;

  @Transform(toList)
  @ArrayNotEmpty({ message: 'a comma-separated list of symbols' })
  @Matches(SYMBOL_PATTERN, { each: true, message: `a comma-separated list of symbols, each ${SYMBOL_RULE}` })
  PRODUCTS: string[] = ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'];

  /** `undefined`: `*` outside production, none in production. */
  @Transform(toList)
  @Check(
    (value) =>
      value === undefined || (Array.isArray(value) && value.length > 0 && value.every(isOriginPattern)),
    {
      message:
        'a comma-separated list of origins such as https://app.example.com or https://*.example.com, or *',
    },
  )
  CORS_ORIGINS?: string[] = undefined;

  @Transform(toBoolean)
  @IsBoolean({ message: 'true or false' })
  CORS_CREDENTIALS = false;

  @OneOf(AUTH_MODES)
  AUTH_MODE: AuthMode = 'off';

  /** The secret that signs HS256 tokens. */
  JWT_SECRET?: string = undefined;

  @Transform(toPem)
  @Check((value) => publicKeyProblem(value) === undefined, {
    message: ({ value }) =>
      `public keys in PEM form, or the path of a file with them: ${publicKeyProblem(value)}`,
  })
  JWT_PUBLIC_KEY?: string = undefined;

  @Check(isHttpUrl, {
    message: 'a URL such as https://auth.example.com/.well-known/jwks.json, without a user or password',
  })
  JWT_JWKS_URL?: string = undefined;

  @Integer(1, 86_400, 'seconds')
  JWT_JWKS_REFRESH_SECONDS = 600;

  JWT_ISSUER?: string = undefined;

  /** Empty: the audience of a token is not checked. */
  @Transform(toList)
  JWT_AUDIENCE: string[] = [];

  @Integer(0, 300, 'seconds')
  JWT_CLOCK_TOLERANCE_SECONDS = 5;

  @Integer(1, 3_600, 'seconds')
  TOKEN_EXPIRY_NOTICE_SECONDS = 60;

  @Integer(60, 31_536_000, 'seconds')
  REVOCATION_SECONDS = 86_400;

  @Check((value) => roleRoomsProblem(value) === undefined, {
    message: ({ value }) => `like "${ROLE_ROOMS_EXAMPLE}": ${roleRoomsProblem(value)}`,
  })
  ROLE_ROOMS = 'admin=*';

  @OneOf(LOG_LEVELS)
  LOG_LEVEL: LogLevel = 'info';

  @Integer(1, 86_400, 'seconds')
  CACHE_TTL_SECONDS = 60;

  @Integer(50, 60_000, 'milliseconds')
  CACHE_WRITE_INTERVAL_MS = 1_000;

  @Integer(1_048_576, 17_179_869_184, 'bytes')
  CACHE_MAX_BYTES = 268_435_456;

  @Integer(0, 100_000_000, 'keys')
  CACHE_WARM_MAX_KEYS = 1_000_000;

  /** How long past updates are kept in Redis. */
  @Integer(0, 604_800, 'seconds; 0 keeps no history')
  HISTORY_SECONDS = 3_600;

  /** How long the numbers of past portfolios are kept in Redis. */
  @Integer(0, 604_800, 'seconds; 0 keeps no history of portfolios')
  PORTFOLIO_HISTORY_SECONDS = 0;

  /** How long one-minute bars are kept in Redis. */
  @Integer(0, 366, 'days; 0 keeps no bars')
  HISTORY_BAR_DAYS = 7;

  @Integer(1_024, 67_108_864, 'bytes')
  MAX_FEED_MESSAGE_BYTES = 4_194_304;

  @Integer(100, 3_600_000, 'milliseconds')
  CLOCK_RESET_AFTER_MS = 5_000;

  @Integer(100, 86_400_000, 'milliseconds')
  STALE_AFTER_MS = 15_000;

  /** `undefined`: four times STALE_AFTER_MS. */
  @Integer(100, 86_400_000, 'milliseconds')
  @IsOptional()
  CHAIN_STALE_AFTER_MS?: number = undefined;

  /** `undefined`: as long as CHAIN_STALE_AFTER_MS. */
  @Integer(100, 86_400_000, 'milliseconds')
  @IsOptional()
  PORTFOLIO_STALE_AFTER_MS?: number = undefined;

  @Transform(toBoolean)
  @IsBoolean({ message: 'true or false' })
  READY_WITH_STALE_DATA = false;

  @Transform(toTrimmed)
  @Check((value) => timeZoneProblem(String(value)) === undefined, {
    message: ({ value }) =>
      `the name of a time zone such as UTC or Asia/Kolkata: ${JSON.stringify(value)} ${timeZoneProblem(String(value))}`,
  })
  FEED_TIME_ZONE = 'UTC';

  @Check((value) => marketHoursProblem(value) === undefined, {
    message: ({ value }) => `like "${MARKET_HOURS_EXAMPLE}": ${marketHoursProblem(value)}`,
  })
  MARKET_HOURS = '';

  /** Holidays, days with other hours, and halts. */
  @Check((value) => marketHolidaysProblem(value) === undefined, {
    message: ({ value }) => `like "${SPECIAL_DAYS_EXAMPLE}": ${marketHolidaysProblem(value)}`,
  })
  MARKET_HOLIDAYS = '';

  @Integer(1, 10_000)
  MAX_SYMBOLS_PER_REQUEST = 100;

  @Integer(1, 100_000)
  MAX_SUBSCRIPTIONS = 1_000;

  /** The most rooms of one client whose products the gateway has never seen. */
  @Integer(0, 100_000)
  MAX_UNKNOWN_SUBSCRIPTIONS = 250;

  @Integer(1, 10_000)
  MAX_CHAINS_PER_SNAPSHOT = 64;

  /** The most views of rooms that have members, on this replica. */
  @Integer(0, 1_000_000, '0: no views')
  MAX_VIEWS = 5_000;

  @Integer(1_024, 104_857_600, 'bytes')
  MAX_PAYLOAD_BYTES = 65_536;

  @Integer(1, 100_000)
  EVENTS_PER_SECOND = 50;

  @Integer(1, 1_000_000)
  EVENT_BURST = 1_200; // after reconnecting, some clients send a message for each of their rooms

  /** Units of work: see `RequestCost`. */
  @Integer(1, 10_000_000)
  WORK_PER_SECOND = 1_000;

  @Integer(1, 100_000_000)
  WORK_BURST = 10_000; // enough for MAX_SUBSCRIPTIONS rooms, some Redis look-ups and the snapshots

  @Integer(0, 1_000_000, '0: no limit')
  MAX_CONNECTIONS_PER_USER = 100;

  @Integer(0, 1_000_000, '0: no limit')
  MAX_CONNECTIONS_PER_IP = 0;

  @Integer(0, 1_000_000, '0: no limit')
  HANDSHAKES_PER_IP_PER_MINUTE = 0;

  /** Addresses and networks of the proxies whose `X-Forwarded-For` is trusted. */
  @Transform(toList)
  @Check(isProxyList, {
    message:
      'a comma-separated list of addresses and networks such as 10.0.0.0/8, or loopback, linklocal or uniquelocal',
  })
  TRUST_PROXY: string[] = [];

  @OneOf(LIMITS_STORES)
  LIMITS_STORE: LimitsStoreName = 'memory';

  @Integer(0, 1_000, 'milliseconds')
  FLUSH_MAX_DELAY_MS = 100;

  @OneOf(FANOUT_NATIVE)
  FANOUT_NATIVE: FanoutNative = 'auto';

  @Integer(0, 104_857_600, 'bytes; 0 switches compression off')
  COMPRESS_ABOVE_BYTES = 1_024;

  @Integer(65_536, 1_073_741_824, 'bytes')
  CONFLATE_ABOVE_BYTES = 1_048_576;

  @Integer(65_536, 1_073_741_824, 'bytes')
  MAX_CLIENT_BUFFER_BYTES = 16_777_216;

  @Integer(1_000, 3_600_000, 'milliseconds')
  SLOW_CLIENT_TIMEOUT_MS = 120_000;

  @Integer(1, 1_000_000)
  MAX_CONNECTIONS = 50_000;

  @Integer(1, 1_000_000)
  HANDSHAKES_PER_SECOND = 2_000;

  @Integer(0, 60_000, 'milliseconds; 0 switches this check off')
  MAX_EVENT_LOOP_DELAY_MS = 500;

  @Integer(0, 1_099_511_627_776, 'bytes; 0: 90 % of the limit of the container')
  MAX_RSS_BYTES = 0;

  @Integer(0, 3_600_000, 'milliseconds; 0 closes all clients at once')
  DRAIN_TIMEOUT_MS = 10_000;

  /** Processes on one port. `auto`: as many as the processors that this container may use. */
  @WorkerCount()
  WORKERS: number | 'auto' = 1;

  /** The kernel's own limit, `net.core.somaxconn`, is usually 4096. */
  @Integer(1, 65_535)
  LISTEN_BACKLOG = 4_096;

  /**
   * Longer than any proxy in front keeps an idle connection: the proxy must be the one to close it.
   */
  @Integer(1_000, 86_400_000, 'milliseconds')
  KEEP_ALIVE_TIMEOUT_MS = 65_000;

  @Integer(100, 3_600_000, 'milliseconds')
  PING_INTERVAL_MS = 25_000;

  @Integer(100, 3_600_000, 'milliseconds')
  PING_TIMEOUT_MS = 20_000;

  @Transform(toList)
  @ArrayNotEmpty({ message: `a comma-separated list of ${TRANSPORTS.join(', ')}` })
  @IsIn(TRANSPORTS, { each: true, message: `a comma-separated list of ${TRANSPORTS.join(', ')}` })
  TRANSPORTS: TransportName[] = ['polling', 'websocket', 'plain-websocket', 'sse'];

  /** Whether the HTTP API below /v1 is served. */
  @Transform(toBoolean)
  @IsBoolean({ message: 'true or false' })
  REST_API = true;

  /** Whether the live page is served at `/`. */
  @Transform(toSwitch)
  @OneOf(SWITCH)
  LIVE_PAGE: Switch = 'off';

  /** Whether clients may use MessagePack instead of JSON. */
  @Transform(toBoolean)
  @IsBoolean({ message: 'true or false' })
  MESSAGEPACK = true;

  // Paths of files that hold the value of the setting before `_FILE`; see `withFileValues`, which
  // reads them.
  SECRET_KEY_FILE?: string = undefined;
  JWT_SECRET_FILE?: string = undefined;
  JWT_PUBLIC_KEY_FILE?: string = undefined;
  ADMIN_TOKEN_FILE?: string = undefined;
  REDIS_URL_FILE?: string = undefined;
  REDIS_PASSWORD_FILE?: string = undefined;
  REDIS_SENTINEL_PASSWORD_FILE?: string = undefined;
  LOG_LEVEL_FILE?: string = undefined;
  MARKET_HOLIDAYS_FILE?: string = undefined;
}
