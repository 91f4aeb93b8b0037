import { isTlsPair, readTlsPair } from './tls-files.js';
import type { Environment } from './environment.js';
import { parseRedisUrl } from './redis-url.js';

/** Shortest secret that tokens may be signed with by HS256, bytes: as long as the hash (RFC 7518, 3.2). */
const MIN_SECRET_BYTES = 32;

/** Secrets from examples and templates: whoever forges tokens tries these first. */
const PLACEHOLDER =
  /dev-?secret|change[-_ ]?(?:me|this|in|it)|your[-_ ]|example|placeholder|default[-_ ]?secret/i;

function isWeak(secret: string): boolean {
  return Buffer.byteLength(secret) < MIN_SECRET_BYTES || PLACEHOLDER.test(secret);
}

/**
 * What of the settings does not go together, each as a sentence; each setting is right by itself.
 * @param show a setting's value, as far as it may be shown
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
  const redis = parseRedisUrl(env.REDIS_URL);
  for (const [name, inUrl] of [
    ['REDIS_USERNAME', redis?.username],
    ['REDIS_PASSWORD', redis?.password],
  ] as const) {
    check(
      env[name] !== undefined && inUrl !== undefined && env[name] !== inUrl,
      `${name} is ${show(name)}, but REDIS_URL, ${show('REDIS_URL')}, has another one: leave it out there.`,
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
    'CORS_ORIGINS is "*", but must name the origins where CORS_CREDENTIALS is true, or any page could act for its visitors.',
  );
  check(
    auth && [env.JWT_SECRET, env.JWT_PUBLIC_KEY, env.JWT_JWKS_URL].every((key) => key === undefined),
    `AUTH_MODE is "${env.AUTH_MODE}", but nothing says what tokens are signed with: set JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL.`,
  );
  check(
    auth && env.JWT_SECRET !== undefined && isWeak(env.JWT_SECRET),
    `JWT_SECRET is "***", but must be at least ${MIN_SECRET_BYTES} random bytes, and none of an example: ` +
      'who guesses it makes tokens of its own.',
  );
  check(
    env.AUTH_MODE === 'required' && isWeak(env.SECRET_KEY),
    `SECRET_KEY is "***", but must be at least ${MIN_SECRET_BYTES} random bytes, and none of an example, where AUTH_MODE is ` +
      '"required": users are named in logs by what it makes of their ids.',
  );
  check(
    env.ADMIN_PORT !== undefined && env.ADMIN_PORT !== 0 && env.ADMIN_PORT === env.PORT,
    `ADMIN_PORT is "${env.ADMIN_PORT}", but must not be PORT.`,
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
