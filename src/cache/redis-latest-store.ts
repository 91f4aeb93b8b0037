import type { Redis } from 'ioredis';
import { WRITER_LEASE_KEY, type LatestStore, type StoreEntry } from './latest-store.js';

/** Keys looked at per SCAN step: about half a millisecond of the server's time. */
const SCAN_COUNT = 1_000;

/** Sets KEYS[1] to ARGV[1] for ARGV[2] ms, or for as long as it already had to live where that is longer (-1: for ever). */
const SET_KEEPING_LONGER_TTL = `
local left = redis.call('PTTL', KEYS[1])
if left == -1 or left > tonumber(ARGV[2]) then
  return redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
end
return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`;

const ACQUIRE_LEASE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

const RELEASE_LEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/** The `latest:*` keys in Redis, over a command connection that the caller owns and closes. */
export class RedisLatestStore implements LatestStore {
  constructor(private readonly redis: Redis) {}

  read(keys: readonly string[]): Promise<(string | null)[]> {
    return keys.length === 0 ? Promise.resolve([]) : this.redis.mget(...keys);
  }

  async *scan(prefixes: readonly string[], maxExamined: number): AsyncIterable<string[]> {
    const pattern = `${commonPrefix(prefixes)}*`;
    let cursor = '0';
    let examined = 0;
    do {
      const [next, keys] = await this.redis.scan(
        cursor,
        'MATCH',
        pattern,
        'COUNT',
        SCAN_COUNT,
        'TYPE',
        'string',
      );
      cursor = next;
      examined += SCAN_COUNT;
      const found = keys.filter((key) => prefixes.some((prefix) => key.startsWith(prefix)));
      if (found.length > 0) yield found;
    } while (cursor !== '0' && examined < maxExamined);
  }

  async write(entries: readonly StoreEntry[], ttlMs: number): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const { key, value } of entries) pipeline.eval(SET_KEEPING_LONGER_TTL, 1, key, value, ttlMs);
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }

  async acquireLease(owner: string, ttlMs: number): Promise<boolean> {
    return (await this.redis.eval(ACQUIRE_LEASE, 1, WRITER_LEASE_KEY, owner, ttlMs)) === 1;
  }

  async releaseLease(owner: string): Promise<void> {
    await this.redis.eval(RELEASE_LEASE, 1, WRITER_LEASE_KEY, owner);
  }
}

function commonPrefix(texts: readonly string[]): string {
  const [first = '', ...rest] = texts;
  let length = first.length;
  for (const text of rest) {
    while (!text.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}
