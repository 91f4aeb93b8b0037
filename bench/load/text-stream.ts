import { ClientStream, type ClientProfile, PayloadCollector, type Wire } from './client-stream.js';
import { Opcode } from './frame-walker.js';
import type { MessageObserver } from './sample.js';

/** The first byte of a confirmation. Messages are JSON objects, so none starts with it. */
const CONFIRMATION = '+'.charCodeAt(0);

/**
 * A WebSocket whose data frames are the published messages as they are. The server accepts a client
 * with the upgrade, and confirms each of its requests, if it has any, with a frame that starts with
 * `+`.
 */
export class TextStream extends ClientStream {
  private readonly collector = new PayloadCollector();
  private isMarket = false;

  constructor(wire: Wire, profile: ClientProfile, observer: MessageObserver | undefined) {
    super(wire, profile, observer);
    this.wantsPayload = observer !== undefined;
  }

  override open(): void {
    this.greet();
  }

  protected override frame(first: number, _length: number, buffer: Buffer, at: number): void {
    const opcode = first & 15;
    const isData = opcode === Opcode.text || opcode === Opcode.binary;
    this.isMarket = isData && buffer[at] !== CONFIRMATION;
    if (this.isMarket) this.countMarket();
    else if (isData) this.confirm();
    else if (opcode === Opcode.ping) this.wire.send('', Opcode.pong);
  }

  protected override payload(buffer: Buffer, from: number, end: number, rest: number): void {
    if (!this.isMarket) return;
    const whole = this.collector.add(buffer, from, end, rest);
    if (whole) this.observer?.take(whole);
  }
}
