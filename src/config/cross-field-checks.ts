import { isTlsPair, readTlsPair } from './tls-files.js';
import type { Environment } from './environment.js';
import { parseRedisUrl } from './redis-url.js';
import { workerCount } from './worker-count.js';
import { MarketHours } from '../market-hours/market-hours.js';
import { SpecialDays } from '../market-hours/special-days.js';

/** The shortest accepted secret for HS256, bytes: as long as the hash (RFC 7518, section 3.2). */
const MIN_SECRET_BYTES = 32;

/** With less, the prices of a minute could be removed before the bar of the minute is written. */
const MIN_HISTORY_SECONDS = 120;

/** Secrets from examples and templates, which attackers who forge tokens try first. */
const PLACEHOLDER =
  /dev-?secret|change[-_ ]?(?:me|this|in|it)|your[-_ ]|example|placeholder|default[-_ ]?secret/i;

function isWeak(secret: string): boolean {
  return Buffer.byteLength(secret) < MIN_SECRET_BYTES || PLACEHOLDER.test(secret);
}

/**
 * Finds settings that are valid on their own but contradict each other.
 * @param show returns the value of a setting with its secrets masked
 * @returns a sentence for each problem
 */
export function crossFieldProblems(env: Environment, show: (name: keyof Environment) => string): string[] {
  const problems: string[] = [];
  const check = (wrong: boolean, sentence: string): void => void (wrong && problems.push(sentence));
  const production = env.NODE_ENV === 'production';
  const auth = env.AUTH_MODE !== 'off';

  check(
    env.MAX_CLIENT_BUFFER_BYTES <= env.CONFLATE_ABOVE_BYTES,
    `MAX_CLIENT_BUFFER_BYTES is "${env.MAX_CLIENT_BUFFER_BYTES}", but must be more than CONFLATE_ABOVE_BYTES ` +
      `("${env.CONFLATE_ABOVE_BYTES}").`,
  );
  const hours = MarketHours.parse(env.MARKET_HOURS, SpecialDays.parse(env.MARKET_HOLIDAYS));
  check(
    hours.isEmpty && env.MARKET_HOLIDAYS !== '',
    'MARKET_HOLIDAYS is set, but MARKET_HOURS is empty: set the usual hours there.',
  );
  check(
    !hours.isEmpty && hours.strangeProduct !== undefined,
    `MARKET_HOLIDAYS names ${JSON.stringify(hours.strangeProduct)}, which has no entry of its own in MARKET_HOURS: ` +
      'add one, or name its time zone.',
  );
  check(
    env.HISTORY_SECONDS > 0 && env.HISTORY_SECONDS < MIN_HISTORY_SECONDS,
    `HISTORY_SECONDS is "${env.HISTORY_SECONDS}", but must be 0 or at least ${MIN_HISTORY_SECONDS}: the bars of ` +
      'minutes are computed from it.',
  );
  check(
    env.PORTFOLIO_HISTORY_SECONDS > 0 && env.PORTFOLIO_HISTORY_SECONDS < MIN_HISTORY_SECONDS,
    `PORTFOLIO_HISTORY_SECONDS is "${env.PORTFOLIO_HISTORY_SECONDS}", but must be 0 or at least ${MIN_HISTORY_SECONDS}: ` +
      'with less, the replicas could not join what they have received.',
  );
  const redis = parseRedisUrl(env.REDIS_URL);
  for (const [name, inUrl] of [
    ['REDIS_USERNAME', redis?.username],
    ['REDIS_PASSWORD', redis?.password],
  ] as const) {
    check(
      env[name] !== undefined && inUrl !== undefined && env[name] !== inUrl,
      `${name} is ${show(name)}, but REDIS_URL, ${show('REDIS_URL')}, has another one: remove it from the URL.`,
    );
  }
  check(
    env.REDIS_USERNAME !== undefined && (env.REDIS_PASSWORD ?? redis?.password) === undefined,
    `REDIS_USERNAME is ${show('REDIS_USERNAME')}, but has no password: set REDIS_PASSWORD.`,
  );
  check(
    env.REDIS_TLS_CA !== undefined && redis?.tls === false,
    `REDIS_TLS_CA is set, but REDIS_URL is ${show('REDIS_URL')}: it must begin with rediss for TLS.`,
  );
  check(
    production && env.CORS_CREDENTIALS && (env.CORS_ORIGINS ?? []).includes('*'),
    'CORS_ORIGINS is "*", but must list the origins if CORS_CREDENTIALS is true: otherwise any page could act for its visitors.',
  );
  check(
    auth && [env.JWT_SECRET, env.JWT_PUBLIC_KEY, env.JWT_JWKS_URL].every((key) => key === undefined),
    `AUTH_MODE is "${env.AUTH_MODE}", but nothing says what tokens are signed with: set JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL.`,
  );
  check(
    auth && env.JWT_SECRET !== undefined && isWeak(env.JWT_SECRET),
    `JWT_SECRET is "***", but must be at least ${MIN_SECRET_BYTES} random bytes and not come from an example: ` +
      'an attacker who guesses it can forge tokens.',
  );
  check(
    env.AUTH_MODE === 'required' && isWeak(env.SECRET_KEY),
    `SECRET_KEY is "***", but must be at least ${MIN_SECRET_BYTES} random bytes and not come from an example if AUTH_MODE ` +
      'is "required": it hides the ids of users in logs.',
  );
  check(
    env.ADMIN_PORT !== undefined && env.ADMIN_PORT !== 0 && env.ADMIN_PORT === env.PORT,
    `ADMIN_PORT is "${env.ADMIN_PORT}", but must differ from PORT.`,
  );
  check(
    env.TRANSPORTS.includes('polling') && workerCount(env) > 1,
    `WORKERS is ${show('WORKERS')}${env.WORKERS === 'auto' ? `, which is ${workerCount(env)} here` : ''}, but TRANSPORTS has ` +
      'polling, whose requests must all reach the same process: set TRANSPORTS=websocket,plain-websocket,sse or WORKERS=1.',
  );
  check(
    (env.TLS_CERT === undefined) !== (env.TLS_KEY === undefined),
    'TLS_CERT and TLS_KEY must both be set or neither: a server needs a certificate and its key.',
  );
  check(
    env.TLS_CERT !== undefined &&
      env.TLS_KEY !== undefined &&
      !isTlsPair(readTlsPair({ cert: env.TLS_CERT, key: env.TLS_KEY })),
    `TLS_KEY is ${show('TLS_KEY')}, but must be the private key of the certificate in TLS_CERT (${show('TLS_CERT')}), ` +
      'without a passphrase.',
  );
  return problems;
}
