import type { JsonPayload } from '../contract/index.js';
import type { Encoding, Message, WireEncoding } from './encoding.js';

/**
 * A message to clients. It is encoded at most once for each {@link Encoding}, when the first client
 * of that encoding receives it, and the result is shared by all of them.
 */
export class Frame implements Message {
  /** Usually one or two: most gateways have clients of few encodings. */
  private readonly results: { readonly of: Encoding<unknown>; readonly encoded: unknown }[] = [];
  /** The last call of a batch that has the frame's bytes, and their place among its buffers. */
  call = 0;
  place = 0;

  /**
   * @param key of several frames with the same key, a lagging client needs only the newest
   * @param text the payload as JSON
   */
  protected constructor(
    readonly event: string,
    readonly text: string,
    readonly key: string,
  ) {}

  /** Makes the frame of an event, from a payload that is already JSON. */
  static ofEvent(event: string, { text, key }: JsonPayload<object>): Frame {
    return new Frame(event, text, `${event} ${key}`);
  }

  /** Joins several frames, so that one write sends them. The client receives separate messages. */
  static joined(frames: readonly Frame[]): Frame {
    return new JoinedFrame(frames);
  }

  /** The frames that this one joins; the frame itself if it joins none. */
  get parts(): readonly Frame[] {
    return [this];
  }

  /** About how many bytes the message has without compression, in any encoding. */
  get size(): number {
    return this.text.length;
  }

  /** The message in an encoding. */
  in<T>(encoding: Encoding<T>): T {
    for (const { of, encoded } of this.results) if (of === encoding) return encoded as T;
    const encoded = this.encode(encoding);
    this.results.push({ of: encoding, encoded });
    return encoded;
  }

  /** How many bytes of the message the encoding saves by compression. */
  savedBy(encoding: WireEncoding): number {
    return this.in(encoding.uncompressed).length - this.in(encoding).length;
  }

  protected encode<T>(encoding: Encoding<T>): T {
    return encoding.encode(this);
  }
}

class JoinedFrame extends Frame {
  constructor(private readonly joined: readonly Frame[]) {
    super('joined', '', 'joined');
  }

  override get parts(): readonly Frame[] {
    return this.joined;
  }

  override get size(): number {
    return this.joined.reduce((sum, { size }) => sum + size, 0);
  }

  protected override encode<T>(encoding: Encoding<T>): T {
    return encoding.join(this.joined.map((frame) => frame.in(encoding)));
  }
}
