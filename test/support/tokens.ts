import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** At least 32 bytes, as `JWT_SECRET` must have. */
export const JWT_SECRET = 'kR4nZ0q7cV1tY8uW2xE5aB9dF3gH6jL0';

export const KEYS = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
} as const;

export const ALGORITHMS = Object.keys(KEYS) as (keyof typeof KEYS)[];

export type TokenClaims = Readonly<Record<string, unknown>>;

const text = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** The current time plus `offset`, in seconds since the epoch. */
export function epoch(offset = 0): number {
  return Math.floor(Date.now() / 1_000) + offset;
}

/** The claims that the platform's auth service sets. */
export function claims(more: TokenClaims = {}): TokenClaims {
  return { user_id: 42, email: 'person@example.com', iat: epoch(), exp: epoch(3_600), ...more };
}

/**
 * The first two parts of a token, which the signature covers, for tokens that no library would
 * create.
 */
export function unsigned(header: TokenClaims, payload: unknown): string {
  return `${text(header)}.${text(payload)}`;
}

export function hs256(
  payload: TokenClaims = claims(),
  secret = JWT_SECRET,
  header: TokenClaims = {},
): string {
  const input = unsigned({ alg: 'HS256', typ: 'JWT', ...header }, payload);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function signed(
  algorithm: keyof typeof KEYS,
  payload: TokenClaims = claims(),
  key: KeyObject = KEYS[algorithm].privateKey,
  header: TokenClaims = {},
): string {
  const input = unsigned({ alg: algorithm, typ: 'JWT', ...header }, payload);
  const signature = sign(algorithm === 'EdDSA' ? null : 'sha256', Buffer.from(input), {
    key,
    dsaEncoding: 'ieee-p1363',
  });
  return `${input}.${signature.toString('base64url')}`;
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string;
}
