import { Cluster, type Redis } from 'ioredis';
import { WRITER_LEASE_KEY, type LatestStore, type StoreEntry, type WriteOutcome } from './latest-store.js';

/** Keys examined per SCAN call: about half a millisecond of the server's time. */
const SCAN_COUNT = 1_000;

/**
 * Sets KEYS[1] to ARGV[1] if the key is absent, holds no string, or holds the value with the
 * fingerprint ARGV[3]. The key expires in ARGV[2] ms, or keeps its TTL if that is longer or it
 * never expires (-1). Returns an index of {@link OUTCOMES}.
 */
const WRITE = `
local held = redis.pcall('GET', KEYS[1])
local unchanged = held == ARGV[1]
if type(held) == 'string' and not unchanged and (ARGV[3] == '' or redis.sha1hex(held) ~= ARGV[3]) then return 2 end
local left = redis.call('PTTL', KEYS[1])
local keeps = left == -1 or left > tonumber(ARGV[2])
if unchanged then
  if not keeps then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 1
end
if keeps then redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL') else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 0`;

const OUTCOMES: readonly WriteOutcome[] = ['written', 'unchanged', 'occupied'];

const ACQUIRE_LEASE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

const RELEASE_LEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/**
 * The `latest:*` keys in Redis, over a command connection that the caller owns and closes. In a
 * cluster each key gets its own command, because the keys of one command must share a slot.
 */
export class RedisLatestStore implements LatestStore {
  /** @param explain turns an error of ioredis into the error that the methods reject with */
  constructor(
    private readonly redis: Redis | Cluster,
    private readonly explain: (error: unknown) => Error = asError,
  ) {}

  async read(keys: readonly string[]): Promise<(string | null | Error)[]> {
    const { redis } = this;
    if (keys.length === 0) return [];
    // MGET instead of GET, because MGET returns null for a key that holds no string.
    if (!(redis instanceof Cluster)) return this.explained(() => redis.mget(...keys));
    const values = await Promise.all(
      keys.map((key) => redis.mget(key).then(([value]) => value ?? null, this.explain)),
    );
    const [first] = values;
    if (first instanceof Error && values.every((value) => value instanceof Error)) throw first;
    return values;
  }

  async *scan(prefixes: readonly string[], maxExamined: number): AsyncIterable<string[]> {
    const { redis } = this;
    // ioredis adds the key prefix to the keys of commands, but not to the pattern and results of
    // SCAN.
    const own = redis.options.keyPrefix ?? '';
    const pattern = `${own}${commonPrefix(prefixes)}*`;
    let examined = 0;
    const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
    if (nodes.length === 0) throw this.explain(new Error("Cluster isn't ready"));
    for (const node of nodes) {
      let cursor = '0';
      do {
        const [next, keys] = await this.explained(() =>
          node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT, 'TYPE', 'string'),
        );
        cursor = next;
        examined += SCAN_COUNT;
        const found = keys
          .map((key) => key.slice(own.length))
          .filter((key) => prefixes.some((prefix) => key.startsWith(prefix)));
        if (found.length > 0) yield found;
      } while (cursor !== '0' && examined < maxExamined);
    }
  }

  async write(entries: readonly StoreEntry[], ttlMs: number): Promise<WriteOutcome[]> {
    const { redis } = this;
    const outcomes = await this.explained(async () => {
      if (redis instanceof Cluster) return all(entries.map((entry) => redis.eval(...writing(entry, ttlMs))));
      const pipeline = redis.pipeline();
      for (const entry of entries) pipeline.eval(...writing(entry, ttlMs));
      return ((await pipeline.exec()) ?? []).map(([error, outcome]) => {
        if (error) throw error;
        return outcome;
      });
    });
    return outcomes.map((outcome) => OUTCOMES[Number(outcome)]!);
  }

  acquireLease(owner: string, ttlMs: number): Promise<boolean> {
    return this.explained(
      async () => (await this.redis.eval(ACQUIRE_LEASE, 1, WRITER_LEASE_KEY, owner, ttlMs)) === 1,
    );
  }

  async releaseLease(owner: string): Promise<void> {
    await this.explained(() => this.redis.eval(RELEASE_LEASE, 1, WRITER_LEASE_KEY, owner));
  }

  private async explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.explain(error);
    }
  }
}

function writing({ key, value, replaces = '' }: StoreEntry, ttlMs: number) {
  return [WRITE, 1, key, value, ttlMs, replaces] as const;
}

/** Waits for all, so that no write is still in progress when the first failure is reported. */
async function all(work: readonly Promise<unknown>[]): Promise<unknown[]> {
  return (await Promise.allSettled(work)).map((result) => {
    if (result.status === 'rejected') throw asError(result.reason);
    return result.value;
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function commonPrefix(texts: readonly string[]): string {
  const [first = '', ...rest] = texts;
  let length = first.length;
  for (const text of rest) {
    while (!text.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}
