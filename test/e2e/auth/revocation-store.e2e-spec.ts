import {
  MemoryRevocationStore,
  RedisRevocationStore,
  REVOCATIONS_KEY,
  type RevocationStore,
} from '../../../src/auth/revocation-store.js';
import { RedisServer } from '../../support/redis-server.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis?.stop());

/** Runs the same tests on every implementation of the port. */
describe.each<[string, () => RevocationStore]>([
  ['Redis', () => new RedisRevocationStore(redis.client)],
  ['memory', () => new MemoryRevocationStore()],
])('revocations in the %s store', (_, create) => {
  let store: RevocationStore;

  beforeEach(async () => {
    await redis.client.flushall();
    store = create();
  });

  it('are empty at first', async () => {
    expect(await store.load(0, 10)).toEqual([]);
  });

  it('are read back unchanged, latest first', async () => {
    await store.add(['user:a:b', 1_795_000_000_123], 0);
    await store.add(['jti:x', 1_795_000_000_125], 0);
    expect(await store.load(0, 10)).toEqual([
      ['jti:x', 1_795_000_000_125],
      ['user:a:b', 1_795_000_000_123],
    ]);
  });

  it('keep the later entry of each key, in whatever order replicas write', async () => {
    await store.add(['user:a', 200], 0);
    await store.add(['user:a', 100], 0);
    expect(await store.load(0, 10)).toEqual([['user:a', 200]]);
    await store.add(['user:a', 300], 0);
    expect(await store.load(0, 10)).toEqual([['user:a', 300]]);
  });

  it('are deleted once every token they affect has expired', async () => {
    await store.add(['user:old', 100], 0);
    await store.add(['user:new', 200], 150);
    expect(await store.load(0, 10)).toEqual([['user:new', 200]]);
    expect(await store.load(201, 10)).toEqual([]);
  });

  it('are limited to the requested number', async () => {
    for (const at of [1, 2, 3]) await store.add([`user:${at}`, at], 0);
    expect((await store.load(0, 2)).map(([key]) => key)).toEqual(['user:3', 'user:2']);
  });
});

it('report an error if a key has the wrong type', async () => {
  await redis.client.flushall();
  await redis.client.set(REVOCATIONS_KEY, 'x');
  const store = new RedisRevocationStore(redis.client);
  await expect(store.load(0, 10)).rejects.toThrow('WRONGTYPE');
  await expect(store.add(['user:a', 1], 0)).rejects.toThrow('WRONGTYPE');
});
