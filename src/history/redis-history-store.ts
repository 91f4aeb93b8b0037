import { Cluster, type Redis } from 'ioredis';
import { formatId, type HistoryId } from './history-id.js';
import type {
  AppendResult,
  HistoryBounds,
  HistoryEntry,
  HistoryRange,
  HistoryRun,
  HistoryStore,
} from './history-store.js';

/**
 * Appends entries to the stream KEYS[1]. ARGV: the id that the stream must have or '', the
 * milliseconds of the id that was abandoned when a clock was set back or '', the age and the number
 * of entries to keep, the time to live in ms, the time from which on the stream keeps only the
 * earliest entry or '', and then id and value of each entry.
 *
 * Returns the last id before, how many entries were appended, and 1 if the first of them follows a
 * gap. The number is -1 if the stream does not have the id that it must have.
 *
 * Servers before 6.2 do not know `MINID`. There, only the length limits a stream.
 */
const APPEND = `
local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function isAfter(id, other)
  local ms, seq = split(id)
  local otherMs, otherSeq = split(other)
  return ms > otherMs or (ms == otherMs and seq > otherSeq)
end
local key, follows = KEYS[1], ARGV[1]
local newestMs = split(ARGV[#ARGV - 1])
local tail = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
local last = tail[1] and tail[1][1] or ''
if last ~= '' and ARGV[2] ~= '' then
  local lastMs = split(last)
  if lastMs > newestMs and tonumber(ARGV[2]) - lastMs < lastMs - newestMs then
    redis.call('DEL', key)
    last = ''
  end
end
if follows ~= '' and (last == '' or isAfter(follows, last)) then
  return {last, -1, 0}
end
if last ~= '' and ARGV[6] ~= '' then
  if split(last) >= tonumber(ARGV[6]) and not isAfter(last, ARGV[7]) then
    return {last, 0, 0}
  end
  redis.call('DEL', key)
  last = ''
end
local gap = 0
if follows == '' and (last == '' or isAfter(ARGV[7], last)) then gap = 1 end
local appended = 0
for n = 7, #ARGV, 2 do
  if last == '' or isAfter(ARGV[n], last) then
    if gap == 1 and appended == 0 then
      redis.call('XADD', key, ARGV[n], 'v', ARGV[n + 1], 'g', '1')
    else
      redis.call('XADD', key, ARGV[n], 'v', ARGV[n + 1])
    end
    appended = appended + 1
  end
end
if appended > 0 then
  redis.pcall('XTRIM', key, 'MINID', '~', string.format('%.0f', math.max(0, newestMs - ARGV[3])))
  redis.call('XTRIM', key, 'MAXLEN', '~', ARGV[4])
  redis.call('PEXPIRE', key, ARGV[5])
end
return {last, appended, appended > 0 and gap or 0}`;

/** The reply to {@link APPEND}. */
type Appended = [last: string, appended: number, gap: number];
type StreamEntry = [id: string, fields: string[]];

/**
 * The streams in Redis, over a command connection that the caller owns and closes. Each command
 * uses one key, so that the streams may be on different nodes of a cluster.
 */
export class RedisHistoryStore implements HistoryStore {
  /** @param explain turns an error of ioredis into the error that the methods reject with */
  constructor(
    private readonly redis: Redis | Cluster,
    private readonly explain: (error: unknown) => Error,
  ) {}

  async append(runs: readonly HistoryRun[], bounds: HistoryBounds): Promise<(AppendResult | Error)[]> {
    const { redis } = this;
    if (redis instanceof Cluster) {
      const replies = await Promise.allSettled(runs.map((run) => redis.eval(...appending(run, bounds))));
      return replies.map((reply) =>
        reply.status === 'fulfilled' ? resultOf(reply.value as Appended) : this.explain(reply.reason),
      );
    }
    const pipeline = redis.pipeline();
    for (const run of runs) pipeline.eval(...appending(run, bounds));
    try {
      return ((await pipeline.exec()) ?? []).map(([error, reply]) =>
        error ? this.explain(error) : resultOf(reply as Appended),
      );
    } catch (error) {
      throw this.explain(error);
    }
  }

  async read(stream: string, { from, to, limit, newest = false }: HistoryRange): Promise<HistoryEntry[]> {
    const [first, last] = [formatId(from), formatId(to)];
    try {
      if (!newest) return (await this.redis.xrange(stream, first, last, 'COUNT', limit)).map(entryOf);
      const entries = await this.redis.xrevrange(stream, last, first, 'COUNT', limit);
      return entries.reverse().map(entryOf);
    } catch (error) {
      throw this.explain(error);
    }
  }
}

function appending({ stream, entries, follows, abandoned, firstSince }: HistoryRun, bounds: HistoryBounds) {
  return [
    APPEND,
    1,
    stream,
    follows ? formatId(follows) : '',
    abandoned ? abandoned.ms : '',
    bounds.keepMs,
    bounds.maxEntries,
    bounds.idleMs,
    firstSince ?? '',
    ...entries.flatMap((entry) => [formatId(entry), entry.value]),
  ] as const;
}

function resultOf([last, appended, gap]: Appended): AppendResult {
  return {
    last: last === '' ? undefined : idOf(last),
    appended: Math.max(0, appended),
    behind: appended < 0,
    gap: gap === 1,
  };
}

function entryOf([id, fields]: StreamEntry): HistoryEntry {
  return { ...idOf(id), value: fieldOf(fields, 'v') ?? '', gap: fieldOf(fields, 'g') !== undefined };
}

/** Only an id that another program has chosen can have parts that are not safe integers. */
function idOf(text: string): HistoryId {
  const [ms, seq] = text.split('-').map((part) => Math.min(Number(part), Number.MAX_SAFE_INTEGER));
  return { ms: ms ?? 0, seq: seq ?? 0 };
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let n = 0; n < fields.length; n += 2) if (fields[n] === name) return fields[n + 1];
  return undefined;
}
