import type { Message, WireEncoding } from '../../fanout/encoding.js';
import { deflated, SharedBytes } from '../shared-bytes.js';

/*
 * A gzip stream of blocks that do not depend on each other, so that all clients share the blocks of
 * a message. Each block ends at a whole byte, and none is the last one of its stream (RFC 1951,
 * 3.2.3). The stream has no trailer, because it ends with its connection.
 */

/** What every stream begins with (RFC 1952, 2.3): deflate, no flags, no time, unknown system. */
export const GZIP_HEADER = Buffer.from('1f8b08000000000000ff', 'hex');

/** The most bytes of a block that is stored without compression. */
const MAX_STORED = 65_535;
const STORED_HEADER_BYTES = 5;

/** Bytes as stored blocks. */
export function stored(bytes: Buffer): Buffer {
  const blocks = Math.max(1, Math.ceil(bytes.length / MAX_STORED));
  const result = Buffer.allocUnsafeSlow(bytes.length + blocks * STORED_HEADER_BYTES);
  let at = 0;
  for (let from = 0; from < bytes.length; from += MAX_STORED) {
    const length = Math.min(MAX_STORED, bytes.length - from);
    result[at] = 0;
    result.writeUInt16LE(length, at + 1);
    result.writeUInt16LE(~length & 0xffff, at + 3);
    at += STORED_HEADER_BYTES;
    at += bytes.copy(result, at, from, from + length);
  }
  return result.subarray(0, at);
}

/** The messages of another encoding, stored without compression. */
export class StoredBlocks extends SharedBytes implements WireEncoding {
  readonly uncompressed = this;

  constructor(private readonly inner: WireEncoding) {
    super();
  }

  encode(message: Message): Buffer {
    return stored(message.in(this.inner));
  }
}

/** The messages of another encoding, compressed if that saves something. */
export class DeflatedBlocks extends SharedBytes implements WireEncoding {
  readonly uncompressed: WireEncoding;

  /** @param compressAbove messages up to this size are not compressed, bytes */
  constructor(
    private readonly inner: WireEncoding,
    private readonly compressAbove: number,
  ) {
    super();
    this.uncompressed = new StoredBlocks(inner);
  }

  encode(message: Message): Buffer {
    const plain = message.in(this.inner);
    if (plain.length <= this.compressAbove) return message.in(this.uncompressed);
    const block = deflated(plain);
    return block.length < plain.length ? block : message.in(this.uncompressed);
  }
}
