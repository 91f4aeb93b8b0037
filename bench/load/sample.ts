import { inflateRawSync, constants } from 'node:zlib';
import { SENT_FIELD, SEQUENCE_FIELD } from '../publish/sequence.js';
import type { LatencyHistogram } from './latency-histogram.js';
import type { SequenceCheck } from './sequence-check.js';

/** Receives whole market messages of a sampled client. */
export interface MessageObserver {
  take(message: Buffer): void;
}

/** Finds the whole number of a field in a message. */
type NumberReader = (message: Buffer, name: string) => number | undefined;

/**
 * One of the few clients whose messages are read: their age on arrival, and whether each arrived
 * once and in order.
 */
export class Sample implements MessageObserver {
  /**
   * When the current bytes were read. One reading of the clock is enough for all messages of a
   * read.
   */
  nowUs = 0;

  constructor(
    readonly check: SequenceCheck,
    private readonly latencies: LatencyHistogram | undefined,
    private readonly numberOf: NumberReader,
  ) {}

  take(message: Buffer): void {
    const sequence = this.numberOf(message, SEQUENCE_FIELD);
    const sentUs = this.numberOf(message, SENT_FIELD);
    // The servers create summaries, which have neither field.
    if (sequence === undefined || sentUs === undefined) return;
    this.check.take(sequence);
    this.latencies?.add(this.nowUs - sentUs);
  }
}

const ZERO = 0x30;
const SPACE = 0x20;

/** In JSON. Python writes a space before a number, and JavaScript does not. */
export const numberInJson: NumberReader = (message, name) => {
  const key = `"${name}":`;
  const found = message.indexOf(key, 0, 'latin1');
  if (found < 0) return undefined;
  let at = found + key.length;
  if (message[at] === SPACE) at++;
  let value = 0;
  for (; at < message.length; at++) {
    const digit = message[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
};

/** In MessagePack. */
export const numberInMessagePack: NumberReader = (message, name) => {
  const found = message.indexOf(name, 0, 'latin1');
  if (found < 0) return undefined;
  const at = found + name.length;
  const first = message[at]!;
  if (first < 0x80) return first;
  switch (first) {
    case 0xcb:
      return message.readDoubleBE(at + 1);
    case 0xcc:
      return message.readUInt8(at + 1);
    case 0xcd:
      return message.readUInt16BE(at + 1);
    case 0xce:
      return message.readUInt32BE(at + 1);
    case 0xcf:
      return Number(message.readBigUInt64BE(at + 1));
    default:
      throw new Error(`${name} is no positive whole number`);
  }
};

const DEFLATE_TAIL = Buffer.from([0, 0, 0xff, 0xff]);
const WINDOW_BYTES = 32_768;

/** Decompresses permessage-deflate for one connection. */
export interface Inflater {
  inflate(payload: Buffer): Buffer;
}

export class WindowInflater implements Inflater {
  private window = Buffer.alloc(0);

  /**
   * @param keepsContext whether messages may refer to earlier ones (no server_no_context_takeover)
   */
  constructor(private readonly keepsContext: boolean) {}

  inflate(payload: Buffer): Buffer {
    const data = inflateRawSync(Buffer.concat([payload, DEFLATE_TAIL]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.window.length > 0 && { dictionary: this.window }),
    });
    if (this.keepsContext) this.window = Buffer.concat([this.window, data]).subarray(-WINDOW_BYTES);
    return data;
  }
}
