import { ClientStream, type ClientProfile, PayloadCollector, type Wire } from './client-stream.js';
import { Opcode } from './frame-walker.js';
import type { MessageObserver } from './sample.js';

/**
 * A WebSocket subscriber of nchan. The path is the subscription, and each data frame is a message.
 */
export class NchanStream extends ClientStream {
  private readonly collector = new PayloadCollector();
  private isMarket = false;

  constructor(wire: Wire, profile: ClientProfile, observer: MessageObserver | undefined) {
    super(wire, profile, observer);
    this.wantsPayload = observer !== undefined;
  }

  override open(): void {
    this.greet();
  }

  protected override frame(first: number): void {
    const opcode = first & 15;
    this.isMarket = opcode === Opcode.text || opcode === Opcode.binary;
    if (this.isMarket) this.countMarket();
    else if (opcode === Opcode.ping) this.wire.send('', Opcode.pong);
  }

  protected override payload(buffer: Buffer, from: number, end: number, rest: number): void {
    if (!this.isMarket) return;
    const whole = this.collector.add(buffer, from, end, rest);
    if (whole) this.observer?.take(whole);
  }
}
