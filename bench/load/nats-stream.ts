import { ClientStream, type ClientProfile, PayloadCollector, type Wire } from './client-stream.js';
import { Opcode } from './frame-walker.js';
import type { MessageObserver } from './sample.js';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const M = 0x4d;
/** Every message ends with CR LF after its payload. */
const TRAILER_BYTES = 2;

/**
 * NATS over WebSocket. The frames' payloads form one stream of lines and messages, cut at arbitrary
 * positions. A line is read byte by byte, and a message's payload is skipped unless the client is
 * observed.
 */
export class NatsStream extends ClientStream {
  private readonly collector = new PayloadCollector();
  /** The remaining bytes of the current message, including the trailer. */
  private left = 0;
  private line = '';
  /**
   * The current line: its first byte, the number of bytes read, and the number after its last
   * space.
   */
  private lineFirst = 0;
  private lineLength = 0;
  private lastNumber = 0;

  constructor(wire: Wire, profile: ClientProfile, observer: MessageObserver | undefined) {
    super(wire, profile, observer);
    this.wantsPayload = true;
  }

  protected override frame(first: number): void {
    if ((first & 15) === Opcode.ping) this.wire.send('', Opcode.pong);
  }

  protected override payload(buffer: Buffer, from: number, end: number): void {
    let at = from;
    while (at < end) at = this.left > 0 ? this.messagePart(buffer, at, end) : this.linePart(buffer, at, end);
  }

  private messagePart(buffer: Buffer, from: number, end: number): number {
    const next = Math.min(end, from + this.left);
    this.left -= next - from;
    if (this.observer) {
      const whole = this.collector.add(buffer, from, next, this.left);
      if (whole) this.observer.take(whole);
    }
    return next;
  }

  /** `MSG subject sid bytes`, or one of the rare other lines. */
  private linePart(buffer: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = buffer[at]!;
      if (this.lineLength++ === 0) this.lineFirst = byte;
      if (byte === NEWLINE) {
        this.endOfLine();
        return at + 1;
      }
      if (this.lineFirst !== M) this.line += String.fromCharCode(byte);
      else if (byte === SPACE) this.lastNumber = 0;
      else if (byte >= ZERO) this.lastNumber = this.lastNumber * 10 + byte - ZERO;
    }
    return end;
  }

  private endOfLine(): void {
    if (this.lineFirst === M) {
      this.left = this.lastNumber + TRAILER_BYTES;
      this.countMarket();
    } else if (this.line.startsWith('INFO')) this.greet();
    else if (this.line.startsWith('PING')) this.wire.send('PONG\r\n');
    else if (this.line.startsWith('PONG')) this.confirm();
    else if (this.line.startsWith('-ERR')) this.errors++;
    this.line = '';
    this.lineLength = 0;
    this.lastNumber = 0;
  }
}
