import { type LocalOffset, parseTimestamp, ServerEvent } from '../../contract/index.js';
import type { Message, WireEncoding } from '../../fanout/encoding.js';
import { SharedBytes } from '../shared-bytes.js';

/** Line ends. JSON has them only between its tokens, where they mean nothing. */
const LINE_ENDS = /[\r\n]+/g;

/**
 * The block of an event (HTML Living Standard, 9.2.5).
 * @param data JSON without line ends
 */
export function eventBlock(event: string, data: string, id?: number): string {
  const end = id === undefined ? '\n\n' : `\nid: ${id}\n\n`;
  return `event: ${event}\ndata: ${data}${end}`;
}

/** A comment, as a block of its own: it tells the client and the proxies that the connection works. */
export const COMMENT = ':\n\n';

/** Messages as blocks of an event stream. All receivers share the bytes of a message. */
export class EventBlocks extends SharedBytes implements WireEncoding {
  readonly uncompressed = this;

  /** @param offsetOf the offset of timestamps that name no zone */
  constructor(private readonly offsetOf: LocalOffset | undefined) {
    super();
  }

  encode({ event, text }: Message): Buffer {
    const data = text.includes('\n') || text.includes('\r') ? text.replace(LINE_ENDS, '') : text;
    const block = eventBlock(event, data, this.cursorOf(event, text));
    // It does not use Node's buffer pool: see `allocateFrame` of the WebSocket frames.
    const buffer = Buffer.allocUnsafeSlow(Buffer.byteLength(block));
    buffer.write(block);
    return buffer;
  }

  /** Where a client resumes that received this message: only prices can be resumed one by one. */
  private cursorOf(event: string, text: string): number | undefined {
    if (event !== ServerEvent.underlyingUpdate) return undefined;
    const { timestamp } = JSON.parse(text) as { readonly timestamp?: unknown };
    return parseTimestamp(timestamp, this.offsetOf);
  }
}
