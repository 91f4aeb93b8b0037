import { shorten } from '../common/shorten.js';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { FeedTimeZone } from '../feed/feed-time-zone.js';
import type { FeedRules } from '../feed/parse-message.js';
import { MarketHours } from '../market-hours/market-hours.js';
import { SpecialDays } from '../market-hours/special-days.js';
import { RoleRooms } from './role-rooms.js';
import { crossFieldProblems } from './cross-field-checks.js';
import { type EffectiveSettings, effectiveSettings, SECRETS } from './effective-settings.js';
import { Environment } from './environment.js';
import { Origins } from './origins.js';
import { withFileValues } from './setting-files.js';
import { workerCount } from './worker-count.js';
import type { TlsFiles } from './tls-files.js';
import { parsePublicKeys, type PublicKey } from './public-keys.js';
import { maskSecrets, maskUrl } from './mask-secrets.js';

/**
 * An invalid environment variable. The message says in one sentence what to change, with secrets
 * masked.
 */
export class ConfigError extends Error {}

const SHOWN_LENGTH = 80;
/**
 * The default of CHAIN_STALE_AFTER_MS, as a multiple of STALE_AFTER_MS. Chains are published less
 * often than prices: in the feed of the platform, one chain follows every fifth price.
 */
const CHAIN_INTERVALS = 4;

/** Converts `PING_INTERVAL_MS` to `pingIntervalMs`. */
type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<Name>;

/** Settings that the service uses only in parsed form, as {@link GatewayConfig} declares them. */
type Parsed =
  | 'CHAIN_STALE_AFTER_MS'
  | 'JWT_JWKS_URL'
  | 'MARKET_HOURS'
  | 'PORTFOLIO_STALE_AFTER_MS'
  | 'ROLE_ROOMS'
  | 'WORKERS';

/** Every other setting, with its type in {@link Environment} and its name in camel case. */
type PlainSettings = {
  readonly [
    Name in Exclude<keyof Environment, Parsed> as CamelCase<Name>
  ]: Environment[Name] extends (infer Item)[] ? readonly Item[] : Environment[Name];
};

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

const PlainSettings = class {
  constructor(env: Environment) {
    for (const [name, value] of Object.entries(env))
      Object.assign(this, { [camelCase(name)]: value as unknown });
  }
} as new (env: Environment) => PlainSettings;

/**
 * The validated configuration. {@link loadConfig} makes it at start, and no code writes to it. A
 * reload makes another one, of which the gateway uses only what `SettingsReload` names. The
 * settings are declared, with their meaning and default, in {@link Environment}; this class adds
 * only what is derived from them.
 */
export class GatewayConfig extends PlainSettings {
  readonly production: boolean;
  /**
   * Certificate files of the main port; undefined if it has no TLS. The admin port never has TLS.
   */
  readonly tls: TlsFiles | undefined;
  /** The web origins that may connect. */
  readonly origins: Origins;
  readonly jwtPublicKeys: readonly PublicKey[];
  readonly jwtJwksUrl: URL | undefined;
  readonly jwtJwksRefreshMs: number;
  readonly tokenExpiryNoticeMs: number;
  readonly revocationMs: number;
  readonly roleRooms: RoleRooms;
  readonly cacheTtlMs: number;
  readonly chainStaleAfterMs: number;
  readonly portfolioStaleAfterMs: number;
  /** How the parser reads and checks feed messages. */
  readonly feedRules: FeedRules;
  readonly marketHours: MarketHours;
  /** All settings as operators may see them. */
  readonly effective: EffectiveSettings;
  /** How many processes serve the port. At 1, this process serves it itself. */
  readonly workers: number;

  constructor(env: Environment) {
    super(env);
    this.production = env.NODE_ENV === 'production';
    this.tls =
      env.TLS_CERT === undefined || env.TLS_KEY === undefined
        ? undefined
        : { cert: env.TLS_CERT, key: env.TLS_KEY };
    this.origins = new Origins(env.CORS_ORIGINS ?? (this.production ? undefined : ['*']));
    this.jwtPublicKeys = env.JWT_PUBLIC_KEY === undefined ? [] : parsePublicKeys(env.JWT_PUBLIC_KEY);
    this.jwtJwksUrl = env.JWT_JWKS_URL === undefined ? undefined : new URL(env.JWT_JWKS_URL);
    this.jwtJwksRefreshMs = env.JWT_JWKS_REFRESH_SECONDS * 1_000;
    this.tokenExpiryNoticeMs = env.TOKEN_EXPIRY_NOTICE_SECONDS * 1_000;
    this.revocationMs = env.REVOCATION_SECONDS * 1_000;
    this.roleRooms = RoleRooms.parse(env.ROLE_ROOMS);
    this.cacheTtlMs = env.CACHE_TTL_SECONDS * 1_000;
    this.chainStaleAfterMs = env.CHAIN_STALE_AFTER_MS ?? CHAIN_INTERVALS * env.STALE_AFTER_MS;
    this.portfolioStaleAfterMs = env.PORTFOLIO_STALE_AFTER_MS ?? this.chainStaleAfterMs;
    this.feedRules = {
      maxSize: env.MAX_FEED_MESSAGE_BYTES,
      offsetOf: new FeedTimeZone(env.FEED_TIME_ZONE).offsetOf,
    };
    this.marketHours = MarketHours.parse(env.MARKET_HOURS, SpecialDays.parse(env.MARKET_HOLIDAYS));
    this.effective = effectiveSettings(env);
    this.workers = workerCount(env);
  }
}

/**
 * Reads the configuration from environment variables, and from the files that they name. An unset
 * or empty one takes its default.
 * @throws ConfigError with a sentence for each variable that is wrong.
 */
export function loadConfig(variables: Readonly<Record<string, string | undefined>>): GatewayConfig {
  const { values: env, problems } = withFileValues(variables);
  if (problems.length > 0) throw new ConfigError(problems.join(' '));
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
  return JSON.stringify(shorten(shown, SHOWN_LENGTH));
}
