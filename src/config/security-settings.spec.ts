import 'reflect-metadata';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALGORITHMS, JWT_SECRET, KEYS, pemOf } from '../../test/support/tokens.js';
import { loadConfig } from './gateway-config.js';

const SECRET_KEY = 'q'.repeat(32);
const required = { AUTH_MODE: 'required', JWT_SECRET, SECRET_KEY };

function problem(env: Readonly<Record<string, string>>): string {
  try {
    loadConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('a configuration with authentication', () => {
  it('is accepted with strong secrets', () => {
    expect(problem(required)).toBe('none');
    expect(problem({ ...required, AUTH_MODE: 'optional', SECRET_KEY: 'short' })).toBe('none');
  });

  it.each([
    [
      'no key',
      { ...required, JWT_SECRET: '' },
      /^AUTH_MODE is "required", but nothing says what tokens are signed with/,
    ],
    [
      'a short JWT_SECRET',
      { ...required, JWT_SECRET: 'x'.repeat(31) },
      /^JWT_SECRET is "\*\*\*", but must be at least 32 random bytes/,
    ],
    [
      'a short JWT_SECRET for optional tokens',
      { AUTH_MODE: 'optional', JWT_SECRET: 'secret' },
      /^JWT_SECRET/,
    ],
    [
      'a JWT_SECRET from an example',
      { ...required, JWT_SECRET: 'your-super-secret-jwt-key-change-in-production' },
      /^JWT_SECRET/,
    ],
    [
      'a JWT_SECRET for development',
      { ...required, JWT_SECRET: 'dev-secret-key-that-is-quite-long-enough' },
      /^JWT_SECRET/,
    ],
    [
      'the default SECRET_KEY',
      { ...required, SECRET_KEY: '' },
      /^SECRET_KEY is "\*\*\*", but must be at least 32 random bytes/,
    ],
    ['a short SECRET_KEY', { ...required, SECRET_KEY: 'x'.repeat(31) }, /^SECRET_KEY/],
    ['a wrong mode', { AUTH_MODE: 'on' }, /^AUTH_MODE is "on", but must be one of off, optional, required/],
    ['a JWKS that is not a URL', { ...required, JWT_JWKS_URL: 'auth:8000' }, /^JWT_JWKS_URL is/],
    [
      'a JWKS URL with a password, which every fetch error would contain',
      { ...required, JWT_JWKS_URL: 'https://gateway:hunter2@auth/jwks.json' },
      /^JWT_JWKS_URL is "https:\/\/\*\*\*@auth\/jwks.json", but must be a URL such as .*, without a user or password/,
    ],
    [
      'rooms without the name of a role',
      { ...required, ROLE_ROOMS: '=*' },
      /^ROLE_ROOMS is "=\*", but must be like .* an entry must begin/,
    ],
  ])('is rejected with %s', (_, env, sentence) => {
    expect(problem(env)).toMatch(sentence);
  });

  it('does not check secrets if authentication is off', () => {
    expect(problem({ JWT_SECRET: 'short' })).toBe('none');
  });

  it('never shows a secret', () => {
    const secrets = { JWT_SECRET: 'weak-one', SECRET_KEY: 'weak-two', ADMIN_TOKEN: 'weak-three' };
    expect(problem({ AUTH_MODE: 'required', ...secrets })).not.toMatch(/weak-/);
  });
});

describe('JWT_PUBLIC_KEY', () => {
  const pems = ALGORITHMS.map((name) => pemOf(KEYS[name].publicKey));
  const folder = mkdtempSync(join(tmpdir(), 'gateway-keys-'));
  const file = join(folder, 'keys.pem');
  writeFileSync(file, pems.join('\n'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['PEM text', pems.join('')],
    ['PEM text with \\n for its line breaks', pems.join('').replaceAll('\n', '\\n')],
    ['the path of a file', file],
  ])('may be %s', (_, JWT_PUBLIC_KEY) => {
    const { jwtPublicKeys } = loadConfig({ JWT_PUBLIC_KEY });
    expect(jwtPublicKeys.map(({ algorithm }) => algorithm)).toEqual(ALGORITHMS);
  });

  const privateKey = KEYS.EdDSA.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey;
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  it.each([
    ['a missing file', '/nowhere/key.pem', 'it contains no PEM block'],
    ['a private key', privateKey, 'that is a private key, which only the issuer of the tokens should have'],
    [
      'garbage in a block',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      'one of its PEM blocks is not a public key',
    ],
    ['a short RSA key', pemOf(short), 'an RSA key must have at least 2048 bits'],
    ['another curve', pemOf(curve), 'an EC key must use the curve P-256'],
    [
      'another kind of key',
      pemOf(generateKeyPairSync('x25519').publicKey),
      'a key must be RSA, EC (P-256) or Ed25519',
    ],
  ])('must not be %s', (_, JWT_PUBLIC_KEY, reason) => {
    expect(problem({ JWT_PUBLIC_KEY })).toBe(
      `JWT_PUBLIC_KEY is "***", but must be public keys in PEM form, or the path of a file with them: ${reason}.`,
    );
  });
});

it.each([
  ['production', 'true', '*', /^CORS_ORIGINS is "\*", but must list the origins if CORS_CREDENTIALS is true/],
  ['production', 'true', 'https://a.example.com,*', /^CORS_ORIGINS/],
  ['production', 'true', 'https://*.example.com', /^none$/],
  ['production', 'false', '*', /^none$/],
  ['development', 'true', '*', /^none$/],
])('in %s, credentials %s with origins %s', (NODE_ENV, CORS_CREDENTIALS, CORS_ORIGINS, expected) => {
  expect(problem({ NODE_ENV, CORS_CREDENTIALS, CORS_ORIGINS })).toMatch(expected);
});

it.each(['10.0.0.0/8', 'loopback, uniquelocal', '::1,fd00::/8'])('TRUST_PROXY may be %s', (TRUST_PROXY) => {
  expect(problem({ TRUST_PROXY })).toBe('none');
});

it.each(['true', '1', '10', '0x7f000001', '10.0.0.0/33', 'nginx', '*'])(
  'TRUST_PROXY must not be %s',
  (TRUST_PROXY) => {
    expect(problem({ TRUST_PROXY })).toMatch(/^TRUST_PROXY is .* networks such as 10.0.0.0\/8/);
  },
);
