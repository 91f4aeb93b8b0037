/** How many bytes the buffer has at first. It grows to the longest message. */
const INITIAL_BYTES = 16_384;

/** Up to so many characters, a loop writes ASCII text faster than Node's own function. */
const SHORT_TEXT = 24;

/** The longest encoding of a number, or of the length before a text, a list or a map, in bytes. */
const MAX_HEAD_BYTES = 9;

let buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
let end = 0;

/**
 * A value as MessagePack. It means what `JSON.stringify` would write: `toJSON` is called,
 * `undefined` is left out of objects, and what JSON cannot express becomes nil. A number without a
 * fraction is written as an integer, and every other one as a 64-bit float, so that none changes.
 * @throws TypeError if the value contains a bigint, RangeError if it is nested too deeply
 */
export function encodeMessagePack(value: unknown): Buffer {
  end = 0;
  write(value);
  // Not from Node's pool: a message may be kept for as long as its price is the newest.
  const encoded = Buffer.allocUnsafeSlow(end);
  buffer.copy(encoded, 0, 0, end);
  return encoded;
}

function write(value: unknown): void {
  switch (typeof value) {
    case 'string':
      writeText(value);
      break;
    case 'number':
      writeNumber(value);
      break;
    case 'boolean':
      writeByte(value ? 0xc3 : 0xc2);
      break;
    case 'object':
      if (value === null) writeByte(0xc0);
      else if (Array.isArray(value)) writeList(value);
      else writeObject(value);
      break;
    case 'bigint':
      throw new TypeError('A bigint has no encoding');
    case 'undefined':
    case 'function':
    case 'symbol':
      writeByte(0xc0);
  }
}

function writeObject(value: object): void {
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    write((value as { toJSON(): unknown }).toJSON());
    return;
  }
  const keys = Object.keys(value);
  const start = end;
  let { length } = keys;
  writeLength(length, 0x80, 16, 0xde);
  const afterHead = end;
  for (const key of keys) {
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (field === undefined || typeof field === 'function') {
      length--;
      continue;
    }
    writeText(key);
    write(field);
  }
  if (length < keys.length) correctLength(start, afterHead, length);
}

/** Writes the length of a map again, after some of its fields were left out, in as many bytes. */
function correctLength(start: number, afterHead: number, length: number): void {
  if (afterHead - start === 1) buffer[start] = 0x80 | length;
  else if (afterHead - start === 3) buffer.writeUInt16BE(length, start + 1);
  else buffer.writeUInt32BE(length, start + 1);
}

function writeList(list: readonly unknown[]): void {
  writeLength(list.length, 0x90, 16, 0xdc);
  for (const one of list) write(one);
}

function writeText(text: string): void {
  reserve(MAX_HEAD_BYTES + 3 * text.length);
  if (text.length <= SHORT_TEXT && writeShortAscii(text)) return;
  const length = Buffer.byteLength(text);
  if (length >= 32 && length < 256) {
    buffer[end++] = 0xd9;
    buffer[end++] = length;
  } else {
    writeLength(length, 0xa0, 32, 0xda);
  }
  end += buffer.write(text, end);
}

/** Returns false, and has written nothing, if a character is not ASCII. */
function writeShortAscii(text: string): boolean {
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n);
    if (code > 0x7f) return false;
    buffer[end + 1 + n] = code;
  }
  buffer[end] = 0xa0 | text.length;
  end += 1 + text.length;
  return true;
}

/**
 * @param fixed the first byte of lengths below `limit`, which are added to it
 * @param wide the first byte before a length of 16 bits; the next one is for 32 bits
 */
function writeLength(length: number, fixed: number, limit: number, wide: number): void {
  reserve(MAX_HEAD_BYTES);
  if (length < limit) {
    buffer[end++] = fixed | length;
  } else if (length < 65_536) {
    buffer[end] = wide;
    buffer.writeUInt16BE(length, end + 1);
    end += 3;
  } else {
    buffer[end] = wide + 1;
    buffer.writeUInt32BE(length, end + 1);
    end += 5;
  }
}

function writeNumber(value: number): void {
  reserve(MAX_HEAD_BYTES);
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) writeFloat(value);
  else if (value >= 0) writePositive(value);
  else writeNegative(value);
}

function writeFloat(value: number): void {
  if (!Number.isFinite(value)) {
    buffer[end++] = 0xc0;
    return;
  }
  buffer[end] = 0xcb;
  buffer.writeDoubleBE(value, end + 1);
  end += 9;
}

function writePositive(value: number): void {
  if (value < 0x80) {
    buffer[end++] = value;
  } else if (value < 0x100) {
    buffer[end++] = 0xcc;
    buffer[end++] = value;
  } else if (value < 0x1_0000) {
    buffer[end] = 0xcd;
    buffer.writeUInt16BE(value, end + 1);
    end += 3;
  } else if (value < 0x1_0000_0000) {
    buffer[end] = 0xce;
    buffer.writeUInt32BE(value, end + 1);
    end += 5;
  } else {
    writeWide(0xcf, value);
  }
}

function writeNegative(value: number): void {
  if (value >= -0x20) {
    buffer[end++] = value & 0xff;
  } else if (value >= -0x80) {
    buffer[end++] = 0xd0;
    buffer[end++] = value & 0xff;
  } else if (value >= -0x8000) {
    buffer[end] = 0xd1;
    buffer.writeInt16BE(value, end + 1);
    end += 3;
  } else if (value >= -0x8000_0000) {
    buffer[end] = 0xd2;
    buffer.writeInt32BE(value, end + 1);
    end += 5;
  } else {
    writeWide(0xd3, value);
  }
}

/** An integer of 64 bits; of a negative one, the two's complement. */
function writeWide(firstByte: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  buffer[end] = firstByte;
  buffer.writeUInt32BE(high >>> 0, end + 1);
  buffer.writeUInt32BE(value - high * 2 ** 32, end + 5);
  end += 9;
}

function writeByte(byte: number): void {
  reserve(1);
  buffer[end++] = byte;
}

/** Makes room for more bytes. */
function reserve(bytes: number): void {
  if (end + bytes <= buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(2 * (end + bytes));
  buffer.copy(larger, 0, 0, end);
  buffer = larger;
}
