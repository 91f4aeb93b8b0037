import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Why a message of another process is dropped; a label of the metric that counts dropped messages.
 */
export type DropReason = 'size' | 'format' | 'signature' | 'replay' | 'operation' | 'internal_error';

/** The payload of a valid message, or why the message is dropped. */
export type Opened = { readonly payload: string } | { readonly dropped: DropReason };

const MAGIC = Buffer.from('SGA1');
const TIME_BYTES = 8;
const NONCE_BYTES = 16;
const HEAD_BYTES = MAGIC.length + TIME_BYTES + NONCE_BYTES;
const SIGNATURE_BYTES = 32;

/**
 * Larger messages are neither sent nor read, so that no other process can make a replica hash
 * gigabytes.
 */
export const MAX_SEALED_BYTES = 16 * 1_024 * 1_024;
/** How long a message is valid. The clocks of the replicas must not differ by more than this. */
export const VALID_MS = 30_000;
/**
 * How many valid messages are remembered, to detect replays. Beyond it the oldest is forgotten.
 * Only messages with a valid signature are remembered.
 */
const MAX_REMEMBERED = 10_000;

/**
 * Signs the messages that replicas send each other over Redis. It accepts only messages that a
 * replica with the same secret signed for the same channel within the last {@link VALID_MS}, and
 * each only once.
 *
 * Format: magic, time, nonce, HMAC-SHA256 over channel, head and payload, payload.
 */
export class AdapterSeal {
  private readonly key: Buffer;
  private readonly seen = new Map<string, number>();

  constructor(
    secret: string,
    private readonly now: () => number,
  ) {
    // Derive a separate key, so that nothing else that is signed with SECRET_KEY is valid here.
    this.key = createHmac('sha256', secret).update('socket-gateway: messages of the adapter').digest();
  }

  /** @throws Error if the message is larger than replicas accept */
  seal(channel: string, payload: string): Buffer {
    const body = Buffer.from(payload);
    const head = Buffer.alloc(HEAD_BYTES);
    MAGIC.copy(head);
    head.writeBigUInt64BE(BigInt(Math.trunc(this.now())), MAGIC.length);
    randomBytes(NONCE_BYTES).copy(head, MAGIC.length + TIME_BYTES);
    const sealed = Buffer.concat([head, this.sign(channel, head, body), body]);
    if (sealed.length > MAX_SEALED_BYTES) {
      throw new Error(
        `A message between replicas has ${sealed.length} bytes, more than ${MAX_SEALED_BYTES}.`,
      );
    }
    return sealed;
  }

  /** Checks a message and returns its payload. Never throws, whatever the bytes are. */
  open(channel: string, message: Buffer): Opened {
    if (message.length > MAX_SEALED_BYTES) return { dropped: 'size' };
    if (message.length < HEAD_BYTES + SIGNATURE_BYTES || !message.subarray(0, MAGIC.length).equals(MAGIC)) {
      return { dropped: 'format' };
    }
    const head = message.subarray(0, HEAD_BYTES);
    const signature = message.subarray(HEAD_BYTES, HEAD_BYTES + SIGNATURE_BYTES);
    const body = message.subarray(HEAD_BYTES + SIGNATURE_BYTES);
    if (!timingSafeEqual(signature, this.sign(channel, head, body))) return { dropped: 'signature' };
    const sentAt = Number(head.readBigUInt64BE(MAGIC.length));
    return this.isFirst(head.toString('latin1'), sentAt)
      ? { payload: body.toString() }
      : { dropped: 'replay' };
  }

  private sign(channel: string, head: Buffer, body: Buffer): Buffer {
    // The length separates the channel's name from the head, so that no byte can move between them.
    const name = Buffer.from(channel);
    return createHmac('sha256', this.key)
      .update(`${name.length}:`)
      .update(name)
      .update(head)
      .update(body)
      .digest();
  }

  private isFirst(id: string, sentAt: number): boolean {
    const now = this.now();
    if (Math.abs(now - sentAt) > VALID_MS || this.seen.has(id)) return false;
    for (const [old, at] of this.seen) {
      if (this.seen.size < MAX_REMEMBERED && Math.abs(now - at) <= VALID_MS) break;
      this.seen.delete(old);
    }
    this.seen.set(id, sentAt);
    return true;
  }
}
