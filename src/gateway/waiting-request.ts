import { isSymbol, type ViewRequest } from '../contract/index.js';
import { REQUEST_FIELDS } from './request-validation.js';

/** The fields that a handler reads. `symbol` and `symbols` are before `since`, which is cut by them. */
const FIELDS = [...REQUEST_FIELDS, 'token'];

/** The fields of a view that a handler reads. */
const VIEW_FIELDS = ['mode', 'strikes', 'max_rate'] as const satisfies readonly (keyof ViewRequest)[];

/** The longest text that is kept, characters. No symbol, type or expiry is as long as this. */
const MAX_TEXT = 128;
/** As many characters of a longer text are kept for the error message. */
const SHOWN_TEXT = 48;

/**
 * Reduces a request, `[event, data, acknowledgement]`, to what its handler reads, before it waits
 * for its turn. A client can put into 64 KB of JSON what takes two megabytes of memory, and a
 * thousand of its requests may wait. What is invalid stays invalid for the same reason. Arguments
 * of null at the end are dropped: they are what a client sends for
 * `emit('subscribe', data, undefined)`.
 */
export function reduceRequest(packet: unknown[], maxSymbols: number): void {
  const hasAck = typeof packet.at(-1) === 'function';
  const given = hasAck ? packet.length - 1 : packet.length;
  let end = given;
  while (end > 1 && (packet[end - 1] === null || packet[end - 1] === undefined)) end--;
  packet.splice(end, given - end);
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
    else if (field === 'since') kept[field] = timesOf(value, kept);
    else if (field === 'view') kept[field] = viewOf(value);
    else kept[field] = shallow(value);
  }
  return kept;
}

function viewOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return shallow(value);
  const view = value as Readonly<Record<string, unknown>>;
  const fields = VIEW_FIELDS.filter((field) => Object.hasOwn(view, field));
  return Object.fromEntries(fields.map((field) => [field, shallow(view[field])]));
}

/** Keeps the times of the symbols that are in the request. */
function timesOf(value: unknown, { symbol, symbols }: Readonly<Record<string, unknown>>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return shallow(value);
  const times = value as Readonly<Record<string, unknown>>;
  const asked = [symbol, ...(Array.isArray(symbols) ? (symbols as unknown[]) : [])].filter(
    (name): name is string => typeof name === 'string' && isSymbol(name) && Object.hasOwn(times, name),
  );
  return Object.fromEntries(asked.map((name) => [name, shallow(times[name])]));
}

function shallow(value: unknown): unknown {
  if (typeof value === 'string') return value.length > MAX_TEXT ? cut(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? [] : {};
}

/**
 * The beginning of a long text, as one that is still too long. Copied: a slice would keep all of
 * the text in memory.
 */
function cut(text: string): string {
  return Buffer.from(text.slice(0, SHOWN_TEXT))
    .toString()
    .padEnd(MAX_TEXT + 1, '!');
}
