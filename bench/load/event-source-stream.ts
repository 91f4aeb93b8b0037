import { ClientStream, PayloadCollector } from './client-stream.js';
import { type EventKind, eventKind, NAME_BYTES } from './event-kind.js';

const NEWLINE = 0x0a;
const COLON = 0x3a;
const END_OF_EVENT = Buffer.from('\n\n');
/** The position of an event's name in `event: name`. */
const NAME_AT = 'event: '.length;
const PEEK_BYTES = NAME_AT + NAME_BYTES;

/**
 * Server-sent events: blocks of lines that end with an empty line. The name of an event is in the
 * first line of its block.
 */
export class EventSourceStream extends ClientStream {
  private readonly collector = new PayloadCollector();
  /** The first bytes of the current block, and how many there are. */
  private readonly head = Buffer.alloc(PEEK_BYTES);
  private headLength = 0;
  private isEndOfLine = false;
  private kind: EventKind = 'other';

  override open(): void {
    this.greet();
  }

  override read(buffer: Buffer, from: number, end: number): void {
    const bytes = buffer.subarray(from, end);
    for (let at = 0; at < bytes.length;) {
      const start = at;
      if (this.headLength < PEEK_BYTES) at = this.readHead(bytes, at);
      else at = this.readRest(bytes, at);
      const isComplete = this.headLength === 0;
      if (this.observer && this.kind === 'market') this.take(bytes, start, at, isComplete);
      if (isComplete) this.kind = 'other';
    }
  }

  /** There are no frames. */
  protected override frame(): void {}

  /** Reads one byte. Blocks may be shorter than a head. */
  private readHead(bytes: Buffer, at: number): number {
    const byte = bytes[at]!;
    this.head[this.headLength++] = byte;
    if (byte === NEWLINE && this.isEndOfLine) this.endBlock();
    else {
      this.isEndOfLine = byte === NEWLINE;
      if (this.headLength === PEEK_BYTES) this.begin();
    }
    return at + 1;
  }

  private begin(): void {
    if (this.head[NAME_AT - 2] !== COLON) return;
    this.kind = eventKind(this.head, NAME_AT);
    this.countEvent(this.kind);
  }

  private readRest(bytes: Buffer, at: number): number {
    if (this.isEndOfLine && bytes[at] === NEWLINE) {
      this.endBlock();
      return at + 1;
    }
    const end = bytes.indexOf(END_OF_EVENT, at);
    if (end >= 0) {
      this.endBlock();
      return end + END_OF_EVENT.length;
    }
    this.isEndOfLine = bytes.at(-1) === NEWLINE;
    return bytes.length;
  }

  private endBlock(): void {
    this.headLength = 0;
    this.isEndOfLine = false;
  }

  private take(bytes: Buffer, from: number, end: number, isComplete: boolean): void {
    const whole = this.collector.add(bytes, from, end, isComplete ? 0 : 1);
    if (whole) this.observer?.take(whole);
  }
}
