import { inflateRawSync, constants } from 'node:zlib';
import { SENT_FIELD, SEQUENCE_FIELD } from '../publish/sequence.js';
import type { LatencyHistogram } from './latency-histogram.js';
import type { SequenceCheck } from './sequence-check.js';

/** Receives whole market messages of a sampled client. */
export interface MessageObserver {
  take(message: Buffer): void;
}

const SEQUENCE = Buffer.from(`"${SEQUENCE_FIELD}":`);
const SENT = Buffer.from(`"${SENT_FIELD}":`);

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
  ) {}

  take(message: Buffer): void {
    const sequence = numberAfter(message, SEQUENCE);
    const sentUs = numberAfter(message, SENT);
    // The servers create summaries, which have neither field.
    if (sequence === undefined || sentUs === undefined) return;
    this.check.take(sequence);
    this.latencies?.add(this.nowUs - sentUs);
  }
}

const ZERO = 0x30;
const SPACE = 0x20;

/** The whole number after `name`. Python writes a space before it, and JavaScript does not. */
function numberAfter(message: Buffer, name: Buffer): number | undefined {
  const found = message.indexOf(name);
  if (found < 0) return undefined;
  let at = found + name.length;
  if (message[at] === SPACE) at++;
  let value = 0;
  for (; at < message.length; at++) {
    const digit = message[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

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
