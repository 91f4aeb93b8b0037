import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../common/clock.js';
import { keyedHash } from '../common/keyed-hash.js';
import type { RedisWithDeadline } from '../redis/redis-with-deadline.js';
import { type ConnectionCounts, type CountedKind, CounterMap } from './connection-counts.js';

/** Hash of all replicas: each one's id, and until when it is believed to live (ms since the epoch, Redis' clock). */
export const REPLICAS_KEY = 'socket-gateway:replicas';
const COUNTS_PREFIX = 'socket-gateway:connections:';

/** How often a replica says that it lives, and asks who does not, ms. */
const HEARTBEAT_MS = 3_000;
/** For so long it is believed to, ms. */
const LEASE_MS = 10_000;
/** Fields of one dead for so long are deleted, ms; until then it may have been frozen, and they are only left out. */
const BURY_MS = 300_000;
/** A count that nobody writes for so long is deleted, ms: nobody who has it lives. */
const COUNT_TTL_MS = 1_800_000;
/** How often all counts are written, so that they are not deleted, ms. */
const REFRESH_MS = 600_000;
/** The dead are forgotten when no field of theirs can be left, ms. */
const FORGET_MS = 2 * COUNT_TTL_MS;
/** Counts written at a time. */
const CHUNK = 200;
/** Counts that could not be written are remembered up to so many; after that all are written under a new id. */
const MAX_UNWRITTEN = 1_000;

/** ARGV: id, ms it is believed, ms until burial, ms until it is forgotten. Answers whether it was alive, the dead, those to bury. */
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
 * Hash of one address or user: each replica's id, and its connections. Sets the caller's to ARGV[2] unless that, with those of the
 * living, is more than ARGV[3] (0: never). ARGV: id, its count, limit, ms to live, number of the buried, the buried, the dead.
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
 * Of all replicas, in Redis. Each writes what it has itself, never more or less than before, so that whatever was lost on the way is
 * mended by the next write. What a replica has counts for as long as it says that it lives; one that was killed lapses.
 *
 * A new replica is not known yet, and counts: only those are left out that are known to be dead.
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
    // Before the answer is there: of two who ask at once the second must be one more.
    const count = this.own.add(name);
    const refused = count > limit || (await this.write(name, count, limit)) === 0;
    if (!refused) return true;
    const left = this.own.remove(name);
    // Somebody who came or left meanwhile wrote a count that has this one in it.
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

  /** @returns 0 where the limit forbids it, undefined where Redis does not answer */
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

  /** Its time is up. Were the id deleted instead, it would be unknown, and count. */
  private async leave(id: string): Promise<void> {
    await this.lease(id, -1);
  }

  /** Redis answers: brings it up to date with what could not be written, or was taken for dead. */
  private async mend([alive, dead, buried]: Heartbeat): Promise<void> {
    this.dead = dead;
    this.buried = buried;
    const unwritten = [...this.unwritten];
    this.unwritten.clear();
    if (unwritten.length > MAX_UNWRITTEN) {
      // Which fields are wrong is not known any more. Under this id nobody counts them.
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
