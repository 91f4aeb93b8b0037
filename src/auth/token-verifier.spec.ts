import { createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { errors } from 'jose';
import * as fc from 'fast-check';
import {
  ALGORITHMS,
  claims,
  epoch,
  hs256,
  JWT_SECRET,
  KEYS,
  pemOf,
  signed,
  unsigned,
} from '../../test/support/tokens.js';
import { AuthError } from './auth-error.js';
import { RoleRooms } from '../config/role-rooms.js';
import { KeysUnavailable, TokenVerifier, type TokenVerifierOptions } from './token-verifier.js';

const secretKey = { algorithms: ['HS256'], key: createSecretKey(Buffer.from(JWT_SECRET)) };
const publicKeys = ALGORITHMS.map((name) => ({ algorithms: [name], key: KEYS[name].publicKey }));

function verifier(options: Partial<TokenVerifierOptions> = {}): TokenVerifier {
  return new TokenVerifier({
    keys: [secretKey, ...publicKeys],
    issuer: undefined,
    audience: [],
    clockToleranceSeconds: 5,
    now: () => Date.now(),
    roleRooms: RoleRooms.parse('admin=*'),
    ...options,
  });
}

/**
 * A token with the `exp` 1e999, which JSON.parse reads as Infinity and JSON.stringify cannot write.
 */
function never(): string {
  const payload = Buffer.from('{"user_id":42,"exp":1e999}').toString('base64url');
  const input = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${payload}`;
  return `${input}.${createHmac('sha256', JWT_SECRET).update(input).digest('base64url')}`;
}

async function refusal(token: unknown, options?: Partial<TokenVerifierOptions>): Promise<[string, string]> {
  const result: unknown = await verifier(options)
    .verify(token)
    .catch((error: unknown) => error);
  if (!(result instanceof AuthError)) throw new Error(`not refused: ${JSON.stringify(result)}`);
  return [result.code, result.message];
}

describe('TokenVerifier accepts', () => {
  it("the platform's own tokens", async () => {
    expect(await verifier().verify(hs256())).toMatchObject({
      userId: '42',
      role: 'user',
      tokenId: undefined,
      expiresAt: expect.any(Number),
    });
  });

  it.each(ALGORITHMS)('tokens signed with %s', async (algorithm) => {
    expect((await verifier().verify(signed(algorithm))).userId).toBe('42');
  });

  it.each(ALGORITHMS)('%s signed with the second of two keys, during a key rotation', async (algorithm) => {
    const old = generateKeyPairSync('ed25519').publicKey;
    const first =
      algorithm === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey
        : algorithm === 'ES256'
          ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
          : old;
    const keys = [first, KEYS[algorithm].publicKey].map((key) => ({ algorithms: [algorithm], key }));
    expect((await verifier({ keys }).verify(signed(algorithm))).userId).toBe('42');
  });

  it('times within the clock tolerance', async () => {
    expect(
      await verifier().verify(hs256(claims({ exp: epoch(-2), nbf: epoch(2), iat: epoch(2) }))),
    ).toBeDefined();
  });

  it('one matching audience among others, and the issuer', async () => {
    const token = hs256(claims({ iss: 'auth', aud: ['web', 'gateway'] }));
    expect(await verifier({ issuer: 'auth', audience: ['gateway', 'x'] }).verify(token)).toBeDefined();
  });

  it('sub if there is no user_id, and jti', async () => {
    const token = hs256(claims({ user_id: undefined, sub: 'u-7', jti: 't-1' }));
    expect(await verifier().verify(token)).toMatchObject({ userId: 'u-7', tokenId: 't-1' });
  });
});

describe('TokenVerifier refuses', () => {
  const pem = pemOf(KEYS.RS256.publicKey);
  const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  const jwk = KEYS.EdDSA.publicKey.export({ format: 'jwk' });
  const ALGORITHM =
    'The token is signed with an algorithm that this gateway does not accept. Get another token.';
  const SIGNATURE = 'The token has a wrong signature. Get another token.';
  const NONE = 'The token is not a JSON Web Token. Get another token.';
  const MALFORMED = 'The token is malformed. Get another token.';
  const part = (json: string): string => Buffer.from(json).toString('base64url');

  it.each<[string, unknown, string, string]>([
    ['an empty string', '', 'TOKEN_INVALID', NONE],
    ['a number', 7, 'TOKEN_INVALID', 'The token is not a string. Get another token.'],
    ['an object', { alg: 'none' }, 'TOKEN_INVALID', 'The token is not a string. Get another token.'],
    ['plain words', 'let me in', 'TOKEN_INVALID', NONE],
    ['only dots', '...', 'TOKEN_INVALID', NONE],
    ['two parts only', unsigned({ alg: 'HS256' }, claims()), 'TOKEN_INVALID', NONE],
    ['a header that is not JSON', `${part('{')}.${part('{}')}.x`, 'TOKEN_INVALID', NONE],
    ['a header that is a list', `${part('[]')}.${part('{}')}.x`, 'TOKEN_INVALID', NONE],
    ['a header that nests deeply', `${part('['.repeat(3_000))}.e30.x`, 'TOKEN_INVALID', NONE],
    ['an algorithm that is a list', `${part('{"alg":["HS256"]}')}.e30.x`, 'TOKEN_INVALID', ALGORITHM],
    ['a payload that is not an object', hs256([1] as never), 'TOKEN_INVALID', MALFORMED],
    [
      'a token of more than 8 KB',
      hs256(claims({ more: 'x'.repeat(8_192) })),
      'TOKEN_INVALID',
      'The token is longer than 8192 characters. Get another token.',
    ],
    ['the algorithm none', `${unsigned({ alg: 'none' }, claims())}.`, 'TOKEN_INVALID', ALGORITHM],
    [
      'the algorithm none in mixed case',
      `${unsigned({ alg: 'nOnE' }, claims())}.`,
      'TOKEN_INVALID',
      ALGORITHM,
    ],
    ['an empty signature', `${unsigned({ alg: 'HS256' }, claims())}.`, 'TOKEN_INVALID', SIGNATURE],
    ['a signature with another secret', hs256(claims(), 'x'.repeat(32)), 'TOKEN_INVALID', SIGNATURE],
    ['a signature with an empty secret', hs256(claims(), ''), 'TOKEN_INVALID', SIGNATURE],
    ['a signature that uses a public key as the secret', hs256(claims(), pem), 'TOKEN_INVALID', SIGNATURE],
    ['a signature with another private key', signed('RS256', claims(), other), 'TOKEN_INVALID', SIGNATURE],
    [
      'the right key with another algorithm',
      signed('RS256', claims(), undefined, { alg: 'PS256' }),
      'TOKEN_INVALID',
      ALGORITHM,
    ],
    ['the algorithm HS512', hs256(claims(), JWT_SECRET, { alg: 'HS512' }), 'TOKEN_INVALID', ALGORITHM],
    [
      'a key inside the token',
      signed('EdDSA', claims(), generateKeyPairSync('ed25519').privateKey, { jwk }),
      'TOKEN_INVALID',
      SIGNATURE,
    ],
    [
      'a URL of a key inside the token',
      hs256(claims(), 'y', { jku: 'http://127.0.0.1:1/', kid: '../../etc/passwd' }),
      'TOKEN_INVALID',
      SIGNATURE,
    ],
    [
      'an unknown critical extension',
      hs256(claims(), JWT_SECRET, { crit: ['x'], x: 1 }),
      'TOKEN_INVALID',
      MALFORMED,
    ],
    [
      'an expired token',
      hs256(claims({ exp: epoch(-10) })),
      'TOKEN_EXPIRED',
      'The token has expired. Get a new one.',
    ],
    [
      'a token without an expiry',
      hs256(claims({ exp: undefined })),
      'TOKEN_INVALID',
      'The token has no expiry time (exp). Get another token.',
    ],
    [
      'an expiry that is not a number',
      hs256(claims({ exp: 'never' })),
      'TOKEN_INVALID',
      'The token has no expiry time (exp). Get another token.',
    ],
    [
      'a token issued in the future, which no revocation would cover',
      hs256(claims({ iat: epoch(60) })),
      'TOKEN_INVALID',
      'The token has an issue time (iat) in the future. Get another token.',
    ],
    [
      'an infinite expiry',
      never(),
      'TOKEN_INVALID',
      'The token has no expiry time (exp). Get another token.',
    ],
    [
      'a token that is not valid yet',
      hs256(claims({ nbf: epoch(60) })),
      'TOKEN_INVALID',
      'The token is not valid yet. Get another token.',
    ],
    [
      'a token without a user',
      hs256(claims({ user_id: undefined })),
      'TOKEN_INVALID',
      'The token has no user_id of 1 to 128 characters. Get another token.',
    ],
    [
      'a user id that is an object',
      hs256(claims({ user_id: {} })),
      'TOKEN_INVALID',
      'The token has no user_id of 1 to 128 characters. Get another token.',
    ],
    [
      'an empty jti',
      hs256(claims({ jti: '' })),
      'TOKEN_INVALID',
      'The token has a jti that is not 1 to 128 characters long. Get another token.',
    ],
    [
      'a role that is a list',
      hs256(claims({ role: ['admin'] })),
      'TOKEN_INVALID',
      'The token has a role that is not 1 to 63 letters, digits or . _ -. Get another token.',
    ],
    [
      'rooms that are a string',
      hs256(claims({ rooms: '*' })),
      'TOKEN_INVALID',
      'The token has rooms that are not a list of at most 100 patterns of rooms. Get another token.',
    ],
    [
      'products that are not symbols',
      hs256(claims({ products: ['a b'] })),
      'TOKEN_INVALID',
      'The token has products that are not a list of at most 1000 symbols. Get another token.',
    ],
  ])('%s', async (_, token, code, message) => {
    expect(await refusal(token)).toEqual([code, message]);
  });

  it.each([
    ['another issuer', { issuer: 'auth' }, claims({ iss: 'evil' })],
    ['no issuer', { issuer: 'auth' }, claims()],
    ['another audience', { audience: ['gateway'] }, claims({ aud: 'web' })],
    ['no audience', { audience: ['gateway'] }, claims()],
  ])('%s', async (_, options, payload) => {
    expect(await refusal(hs256(payload), options)).toEqual([
      'TOKEN_INVALID',
      'The token is not for this service. Get another token.',
    ]);
  });

  it('an HMAC signature if only public keys are set, and the reverse', async () => {
    expect(await refusal(hs256(), { keys: publicKeys })).toEqual(['TOKEN_INVALID', ALGORITHM]);
    expect(await refusal(signed('RS256'), { keys: [secretKey] })).toEqual(['TOKEN_INVALID', ALGORITHM]);
  });

  it('a token that it cannot check, without calling it invalid', async () => {
    const key = (): Promise<never> => Promise.reject(new KeysUnavailable());
    const keys = [{ algorithms: ['ES256'], key }];
    expect(await refusal(signed('ES256'), { keys })).toEqual([
      'AUTH_UNAVAILABLE',
      'The gateway cannot check the token at the moment. Try again after retry_after_ms.',
    ]);
  });

  it('an unknown key', async () => {
    const key = (): Promise<never> => Promise.reject(new errors.JWKSNoMatchingKey());
    const keys = [{ algorithms: ['ES256'], key }];
    expect(await refusal(signed('ES256'), { keys })).toEqual([
      'TOKEN_INVALID',
      'The token is signed with an unknown key. Get another token.',
    ]);
  });

  it('every token with a changed character', async () => {
    const token = hs256(claims({ jti: 'x' }));
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.{"';
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 2), fc.constantFrom(...alphabet), async (index, character) => {
        fc.pre(token[index] !== character);
        // Skip the last character of a part, which may contain unused bits.
        fc.pre(token[index + 1] !== '.');
        const changed = `${token.slice(0, index)}${character}${token.slice(index + 1)}`;
        expect((await refusal(changed))[0]).toBe('TOKEN_INVALID');
      }),
      { numRuns: 500 },
    );
  });

  it('any other value, with a documented code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), fc.string(), fc.base64String()), async (token) => {
        expect((await refusal(token))[0]).toBe('TOKEN_INVALID');
      }),
      { numRuns: 1_000 },
    );
  });
});
