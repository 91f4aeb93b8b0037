const FIELDS = ['type', 'symbol', 'symbols', 'expiry', 'token'] as const;

/** The longest text that is kept, characters. No symbol, type or expiry is as long as this. */
const MAX_TEXT = 128;
const TOO_LONG = '!'.repeat(MAX_TEXT + 1);

/**
 * Reduces a request, `[event, data, acknowledgement]`, to the parts that its handler reads, before
 * it waits for its turn. 64 KB of JSON can take two megabytes of memory once parsed, and a thousand
 * requests of a client may wait. An invalid request stays invalid for the same reason.
 */
export function reduceRequest(packet: unknown[], maxSymbols: number): void {
  const hasAck = typeof packet.at(-1) === 'function';
  const end = hasAck ? packet.length - 1 : packet.length;
  if (end > 2) packet.splice(1, end - 1, null, null);
  else if (end === 2) packet[1] = fieldsOf(packet[1], maxSymbols);
}

function fieldsOf(data: unknown, maxSymbols: number): unknown {
  if (typeof data !== 'object' || data === null) return data;
  if (Array.isArray(data) || ArrayBuffer.isView(data)) return [];
  const kept: Record<string, unknown> = {};
  for (const field of FIELDS) {
    if (!Object.hasOwn(data, field)) continue;
    const value = (data as Readonly<Record<string, unknown>>)[field];
    if (field === 'token' && typeof value === 'string') kept[field] = value;
    else if (field === 'symbols' && Array.isArray(value))
      kept[field] = value.slice(0, maxSymbols + 1).map(shallow);
    else kept[field] = shallow(value);
  }
  return kept;
}

function shallow(value: unknown): unknown {
  if (typeof value === 'string') return value.length > MAX_TEXT ? TOO_LONG : value;
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? [] : {};
}
