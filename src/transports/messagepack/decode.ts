import { isUtf8 } from 'node:buffer';

/** The deepest nesting of lists and maps that is read. No request needs more than three. */
const MAX_DEPTH = 32;

/** Why bytes of a client were not read: they are nested too deeply, or are not such a value. */
export type MessagePackProblem = 'nesting' | 'messagepack';

export class MessagePackError extends Error {
  constructor(readonly problem: MessagePackProblem) {
    super(problem);
  }
}

/**
 * Reads one value from a client's bytes. It accepts what JSON can express and nothing else: no
 * binary data, extensions, times, infinite numbers, repeated keys or keys that are not text. So the
 * rest of the gateway need not know how a request was encoded.
 *
 * A length is believed only as far as there are bytes for it, so that a short message cannot
 * reserve much memory. Integers beyond 2^53 become the nearest number, as in `JSON.parse`.
 * @throws MessagePackError
 */
export function decodeMessagePack(bytes: Buffer): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0) ?? null;
  if (!reader.isAtEnd) throw new MessagePackError('messagepack');
  return value;
}

class Reader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** @param depth how many lists and maps the value is in */
  value(depth: number): unknown {
    const first = this.unsigned(1);
    if (first < 0x80) return first;
    if (first < 0x90) return this.map(first & 0x0f, depth);
    if (first < 0xa0) return this.list(first & 0x0f, depth);
    if (first < 0xc0) return this.text(first & 0x1f);
    if (first >= 0xe0) return first - 0x100;
    switch (first) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return finite(this.bytes.readFloatBE(this.skip(4)));
      case 0xcb:
        return finite(this.bytes.readDoubleBE(this.skip(8)));
      case 0xcc:
        return this.unsigned(1);
      case 0xcd:
        return this.unsigned(2);
      case 0xce:
        return this.unsigned(4);
      case 0xcf:
        return Number(this.bytes.readBigUInt64BE(this.skip(8)));
      case 0xd0:
        return this.bytes.readInt8(this.skip(1));
      case 0xd1:
        return this.bytes.readInt16BE(this.skip(2));
      case 0xd2:
        return this.bytes.readInt32BE(this.skip(4));
      case 0xd3:
        return Number(this.bytes.readBigInt64BE(this.skip(8)));
      case 0xd4:
        return this.missing();
      case 0xd9:
        return this.text(this.unsigned(1));
      case 0xda:
        return this.text(this.unsigned(2));
      case 0xdb:
        return this.text(this.unsigned(4));
      case 0xdc:
        return this.list(this.unsigned(2), depth);
      case 0xdd:
        return this.list(this.unsigned(4), depth);
      case 0xde:
        return this.map(this.unsigned(2), depth);
      case 0xdf:
        return this.map(this.unsigned(4), depth);
      default: // binary data, extensions, and the byte that is never used
        throw new MessagePackError('messagepack');
    }
  }

  private list(length: number, depth: number): unknown[] {
    this.enter(length, depth);
    const list: unknown[] = [];
    for (let n = 0; n < length; n++) list.push(this.value(depth + 1) ?? null);
    return list;
  }

  private map(length: number, depth: number): Record<string, unknown> {
    this.enter(2 * length, depth);
    const map: Record<string, unknown> = {};
    for (let n = 0; n < length; n++) {
      const key = this.value(MAX_DEPTH); // no list or map is read as a key
      if (typeof key !== 'string' || Object.hasOwn(map, key)) throw new MessagePackError('messagepack');
      const value = this.value(depth + 1);
      if (value === undefined) continue;
      // As JSON.parse does it: an assignment would replace the prototype.
      if (key === '__proto__') {
        Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true });
      } else {
        map[key] = value;
      }
    }
    return map;
  }

  /** Checks a list or map of so many values, each of which has at least one byte. */
  private enter(values: number, depth: number): void {
    if (values > this.bytes.length - this.at) throw new MessagePackError('messagepack');
    if (depth >= MAX_DEPTH) throw new MessagePackError('nesting');
  }

  /** `undefined`, as the stock parser of Socket.IO writes it: an extension of type 0. */
  private missing(): undefined {
    if (this.unsigned(2) !== 0) throw new MessagePackError('messagepack');
  }

  private text(length: number): string {
    const start = this.skip(length);
    const bytes = this.bytes.subarray(start, this.at);
    if (!isUtf8(bytes)) throw new MessagePackError('messagepack');
    return bytes.toString();
  }

  private unsigned(bytes: 1 | 2 | 4): number {
    return this.bytes.readUIntBE(this.skip(bytes), bytes);
  }

  /** Moves on, and returns the position before. */
  private skip(bytes: number): number {
    const start = this.at;
    this.at += bytes;
    if (this.at > this.bytes.length) throw new MessagePackError('messagepack');
    return start;
  }
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new MessagePackError('messagepack');
  return value;
}
