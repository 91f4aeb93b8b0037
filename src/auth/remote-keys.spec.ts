import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import { ManualClock } from '../../test/support/manual-clock.js';
import { claims, signed } from '../../test/support/tokens.js';
import { waitFor } from '../../test/support/wait.js';
import { AuthError } from './auth-error.js';
import { RemoteKeys } from './remote-keys.js';
import { RoleRooms } from '../config/role-rooms.js';
import { TokenVerifier } from './token-verifier.js';

const keys = { first: generateKeyPairSync('ed25519'), second: generateKeyPairSync('ed25519') };
type Name = keyof typeof keys;

const token = (name: Name, kid: string | undefined = name): string =>
  signed('EdDSA', claims(), keys[name].privateKey, kid === undefined ? {} : { kid });
const jwk = (name: Name): object => ({
  ...keys[name].publicKey.export({ format: 'jwk' }),
  kid: name,
  alg: 'EdDSA',
});

describe('RemoteKeys', () => {
  let server: Server;
  let answer: { status: number; body: string };
  let asked: number;
  let clock: ManualClock;
  let remote: RemoteKeys;
  let verifier: TokenVerifier;
  let problems: string[];

  const publish = (...names: Name[]) =>
    (answer = { status: 200, body: JSON.stringify({ keys: names.map(jwk) }) });
  const codeOf = (given: string): Promise<string> =>
    verifier.verify(given).then(
      () => 'taken',
      (error: unknown) => (error instanceof AuthError ? error.code : String(error)),
    );

  beforeEach(async () => {
    asked = 0;
    server = createServer((_, response) => {
      asked++;
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    clock = new ManualClock();
    problems = [];
    remote = new RemoteKeys({
      url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`),
      refreshMs: 600_000,
      clock,
      failed: (problem) => problems.push(problem),
    });
    verifier = new TokenVerifier({
      keys: [{ algorithms: ['EdDSA'], key: remote.find }],
      issuer: undefined,
      audience: [],
      clockToleranceSeconds: 0,
      now: () => Date.now(),
      roleRooms: RoleRooms.parse(''),
    });
  });

  afterEach(() => {
    remote.stop();
    jest.useRealTimers();
    server.close();
    server.closeAllConnections();
  });

  const started = async (): Promise<void> => {
    remote.start();
    await waitFor(() => remote.known, 'the keys were not fetched');
    // jose measures the time since the last fetch with the wall clock.
    jest.useFakeTimers({
      doNotFake: ['setTimeout', 'setImmediate', 'nextTick', 'queueMicrotask'],
      now: Date.now(),
    });
  };

  it('fetches once for many tokens', async () => {
    publish('first');
    await started();
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(token('first'))));
    expect([new Set(codes), asked, remote.problem]).toEqual([new Set(['taken']), 1, undefined]);
  });

  it('finds the key of a token that names no key', async () => {
    publish('first', 'second');
    await started();
    expect(await codeOf(token('second', ''))).toBe('TOKEN_INVALID');
    expect(await codeOf(signed('EdDSA', claims(), keys.second.privateKey))).toBe('taken');
    const foreign = generateKeyPairSync('ed25519').privateKey;
    expect(await codeOf(signed('EdDSA', claims(), foreign))).toBe('TOKEN_INVALID');
  });

  it('fetches again for an unknown key, but not for every token', async () => {
    publish('first');
    await started();
    publish('first', 'second');
    expect(await codeOf(token('second'))).toBe('TOKEN_INVALID');
    expect(asked).toBe(1);
    jest.setSystemTime(Date.now() + 6_000);
    expect(await codeOf(token('second'))).toBe('taken');
    for (let i = 0; i < 10; i++) expect(await codeOf(token('first', `made-up-${i}`))).toBe('TOKEN_INVALID');
    expect(asked).toBe(2);
  });

  it('keeps using its keys while the auth service is down', async () => {
    publish('first');
    await started();
    answer = { status: 500, body: 'stack trace' };
    clock.advance(600_000);
    await waitFor(() => remote.problem !== undefined, 'the failure was not seen');
    expect([await codeOf(token('first')), await codeOf(token('second'))]).toEqual([
      'taken',
      'AUTH_UNAVAILABLE',
    ]);
    publish('second');
    clock.advance(2_000);
    await waitFor(() => remote.problem === undefined, 'it did not try again');
    expect([await codeOf(token('first')), await codeOf(token('second'))]).toEqual(['TOKEN_INVALID', 'taken']);
  });

  it('keeps using the keys of the latest fetch, even if a token caused that fetch', async () => {
    const fails = async (): Promise<void> => {
      answer = { status: 500, body: '' };
      jest.setSystemTime(Date.now() + 6_000);
      clock.advance(2_000);
      const before = problems.length;
      expect(await codeOf(token('first', 'made-up'))).toBe('AUTH_UNAVAILABLE');
      expect(problems.length).toBe(before + 1);
    };
    publish('first');
    await started();
    await fails();
    expect(await codeOf(token('first'))).toBe('taken');
    publish('second');
    clock.advance(2_000);
    expect(await codeOf(token('second'))).toBe('taken');
    await fails();
    expect([await codeOf(token('first')), await codeOf(token('second'))]).toEqual([
      'AUTH_UNAVAILABLE', // its key is unknown, and the keys cannot be fetched now
      'taken',
    ]);
  });

  it.each([
    ['an error response', 503, ''],
    ['a response that is not JSON', 200, '<html>'],
    ['a response that is not a key set', 200, '{"keys":7}'],
  ])('reports tokens as unverifiable, not invalid, while it has no keys: %s', async (_, status, body) => {
    answer = { status, body };
    remote.start();
    await waitFor(() => problems.length > 0, 'the failure was not reported');
    expect([remote.known, await codeOf(token('first')), await codeOf(token('first'))]).toEqual([
      false,
      'AUTH_UNAVAILABLE',
      'AUTH_UNAVAILABLE',
    ]);
    expect(asked).toBe(1);
    publish('first');
    clock.advance(2_000);
    await waitFor(() => remote.known, 'it did not try again');
    expect(await codeOf(token('first'))).toBe('taken');
  });
});
