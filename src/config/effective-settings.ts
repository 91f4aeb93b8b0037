import { Environment } from './environment.js';
import { maskSecrets, maskUrl } from './mask-secrets.js';

/** The settings whose values are never shown. */
export const SECRETS: ReadonlySet<string> = new Set([
  'SECRET_KEY',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
  'JWT_SECRET',
  'JWT_PUBLIC_KEY', // it may hold a private key by mistake
  'ADMIN_TOKEN',
]);

/** The settings that are URLs, which may have credentials. */
const URLS: ReadonlySet<string> = new Set(['REDIS_URL', 'JWT_JWKS_URL']);

const MASK = '***';

/** A setting as it is shown to operators, without secrets. */
export interface EffectiveSetting {
  /** `null` if it is not set. */
  readonly value: unknown;
  readonly is_default: boolean;
}

export type EffectiveSettings = Readonly<Record<string, EffectiveSetting>>;

/** The values of all settings, also those that were not set, by the names of their variables. */
export function effectiveSettings(env: Environment): EffectiveSettings {
  const defaults = new Map<string, unknown>(Object.entries(new Environment()));
  return Object.fromEntries(
    Object.entries(env).map(([name, value]: [string, unknown]) => {
      // Whether a secret is the default is a secret too.
      const is_default = !SECRETS.has(name) && JSON.stringify(value) === JSON.stringify(defaults.get(name));
      return [name, { value: shown(name, value), is_default }];
    }),
  );
}

function shown(name: string, value: unknown): unknown {
  if (value === undefined) return null;
  if (SECRETS.has(name)) return MASK;
  if (Array.isArray(value)) return value.map((item: unknown) => shown(name, item));
  if (typeof value !== 'string') return value;
  return URLS.has(name) ? maskUrl(value) : maskSecrets(value);
}
