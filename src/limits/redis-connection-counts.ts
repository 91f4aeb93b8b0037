import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../common/clock.js';
import { keyedHash } from '../common/keyed-hash.js';
import type { RedisWithDeadline } from '../redis/redis-with-deadline.js';
import { type ConnectionCounts, type CountedKind, CounterMap } from './connection-counts.js';

/**
 * Redis hash of all replicas: id, and the end of its lease in ms since the epoch by Redis' clock.
 */
export const REPLICAS_KEY = 'socket-gateway:replicas';
const COUNTS_PREFIX = 'socket-gateway:connections:';

/** How often a replica renews its lease, and reads which leases have expired, ms. */
const HEARTBEAT_MS = 3_000;
/** Duration of a replica's lease, ms. */
const LEASE_MS = 10_000;
/**
 * How long after its lease a replica's counts are deleted, ms. Until then they are only ignored,
 * because the replica may be frozen and come back.
 */
const BURY_MS = 300_000;
/** A count that no replica writes for this long is deleted, ms. */
const COUNT_TTL_MS = 1_800_000;
/** How often a replica writes all its counts, so that they do not expire, ms. */
const REFRESH_MS = 600_000;
/** How long after its lease a replica is forgotten, ms. All its counts have expired by then. */
const FORGET_MS = 2 * COUNT_TTL_MS;
/** How many counts are written at a time. */
const CHUNK = 200;
/**
 * How many failed writes are remembered. Beyond it, all counts are written again, under a new id.
 */
const MAX_UNWRITTEN = 1_000;

/**
 * Renews a lease. ARGV: id, LEASE_MS, BURY_MS, FORGET_MS. Returns whether the lease was still
 * valid, the ids of dead replicas whose counts must be ignored, and the ids of those whose counts
 * must be deleted.
 */
const HEARTBEAT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local until_ = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local dead, buried = {}, {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local age = now - tonumber(all[i + 1])
  if age > tonumber(ARGV[4]) then redis.call('HDEL', KEYS[1], all[i])
  elseif age > tonumber(ARGV[3]) then buried[#buried + 1] = all[i]
  elseif age > 0 then dead[#dead + 1] = all[i] end
end
return {(until_ and tonumber(until_) > now) and 1 or 0, dead, buried}`;

/**
 * Writes a count to the hash of one address or user, which has a field for each replica. Returns 0,
 * and writes nothing, if the sum of the counts of all live replicas would exceed the limit (0: no
 * limit). ARGV: id, count, limit, TTL in ms, number of buried ids, the buried ids, the dead ids.
 */
const COUNT = `
for i = 6, 5 + ARGV[5] do redis.call('HDEL', KEYS[1], ARGV[i]) end
if tonumber(ARGV[3]) > 0 then
  local dead = {}
  for i = 6 + ARGV[5], #ARGV do dead[ARGV[i]] = true end
  local total = tonumber(ARGV[2])
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if all[i] ~= ARGV[1] and not dead[all[i]] then total = total + tonumber(all[i + 1]) end
  end
  if total > tonumber(ARGV[3]) then return 0 end
end
if tonumber(ARGV[2]) > 0 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
else redis.call('HDEL', KEYS[1], ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`;

/**
 * Counts the connections of all replicas, in Redis. Each replica writes its own absolute counts,
 * not increments, so that the next write corrects any that was lost. The counts of a replica are
 * valid as long as it renews its lease. Those of a killed replica are ignored once its lease has
 * expired.
 *
 * A replica that is not known is assumed alive: only the counts of known dead replicas are ignored.
 */
export class RedisConnectionCounts implements ConnectionCounts {
  private readonly own = new CounterMap();
  private readonly unwritten = new Set<string>();
  private id: string = randomUUID();
  private dead: readonly string[] = [];
  private buried: readonly string[] = [];
  private refreshedAt: number;
  private timer: Timer | undefined;
  private closed = false;

  constructor(
    private readonly redis: RedisWithDeadline,
    private readonly secret: string,
    private readonly clock: Clock,
  ) {
    this.refreshedAt = clock.now();
    void this.beat();
  }

  async take(kind: CountedKind, key: string, limit: number): Promise<boolean> {
    const name = this.nameOf(kind, key);
    // Count before the reply arrives, so that two concurrent calls do not write the same count.
    const count = this.own.add(name);
    const refused = count > limit || (await this.write(name, count, limit)) === 0;
    if (!refused) return true;
    const left = this.own.remove(name);
    // A connection that was opened or closed meanwhile wrote a count that includes this one.
    if (left !== count - 1) void this.write(name, left);
    return false;
  }

  release(kind: CountedKind, key: string): void {
    const name = this.nameOf(kind, key);
    void this.write(name, this.own.remove(name));
  }

  async close(): Promise<void> {
    this.closed = true;
    this.timer?.cancel();
    await this.leave(this.id);
  }

  /** @returns 0 if the limit is exceeded, undefined if Redis does not reply */
  private async write(name: string, count: number, limit = 0): Promise<unknown> {
    const { id, buried, dead } = this;
    const args = [id, count, limit, COUNT_TTL_MS, buried.length, ...buried, ...dead];
    const answer = await this.redis.ask((redis) => redis.eval(COUNT, 1, COUNTS_PREFIX + name, ...args));
    if (answer === undefined && this.unwritten.size <= MAX_UNWRITTEN) this.unwritten.add(name);
    return answer;
  }

  private async beat(): Promise<void> {
    const answer = await this.lease(this.id, LEASE_MS);
    if (isHeartbeat(answer) && !this.closed) await this.mend(answer);
    if (!this.closed) this.timer = this.clock.after(HEARTBEAT_MS, () => void this.beat());
  }

  private lease(id: string, ms: number): Promise<unknown> {
    return this.redis.ask((redis) => redis.eval(HEARTBEAT, 1, REPLICAS_KEY, id, ms, BURY_MS, FORGET_MS));
  }

  /**
   * Expires the replica's id instead of deleting it: an unknown replica is assumed alive, so its
   * counts would still be included.
   */
  private async leave(id: string): Promise<void> {
    await this.lease(id, -1);
  }

  /**
   * Writes the counts again that could not be written, or that others ignored as those of a dead
   * replica.
   */
  private async mend([alive, dead, buried]: Heartbeat): Promise<void> {
    this.dead = dead;
    this.buried = buried;
    const unwritten = [...this.unwritten];
    this.unwritten.clear();
    if (unwritten.length > MAX_UNWRITTEN) {
      // It is no longer known which counts are wrong. Expire the old id, so that all of them are
      // ignored.
      const { id } = this;
      this.id = randomUUID();
      this.dead = [...dead, id];
      await this.leave(id);
      await this.writeAll(this.own.names());
    } else if (alive === 0 || this.clock.now() - this.refreshedAt > REFRESH_MS) {
      this.refreshedAt = this.clock.now();
      await this.writeAll([...new Set([...unwritten, ...this.own.names()])]);
    } else {
      await this.writeAll(unwritten);
    }
  }

  private async writeAll(names: readonly string[]): Promise<void> {
    for (let start = 0; start < names.length && !this.closed; start += CHUNK) {
      const chunk = names.slice(start, start + CHUNK);
      await Promise.all(chunk.map((name) => this.write(name, this.own.get(name))));
    }
  }

  private nameOf(kind: CountedKind, key: string): string {
    return `${kind}:${keyedHash(this.secret, `${kind}:${key}`)}`;
  }
}

type Heartbeat = readonly [alive: number, dead: readonly string[], buried: readonly string[]];

function isHeartbeat(answer: unknown): answer is Heartbeat {
  return Array.isArray(answer) && answer.length === 3;
}
