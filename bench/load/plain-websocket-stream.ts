import { EventFrames, NO_EVENT } from './event-frames.js';
import { Opcode } from './frame-walker.js';

/** The position of an event's name in `{"event":"name"`. */
const NAME_AT = '{"event":"'.length;

/** The gateway's plain WebSocket: a JSON object in each frame. It accepts a client with the upgrade. */
export class PlainWebSocketStream extends EventFrames {
  override open(): void {
    this.greet();
  }

  protected override nameAt(first: number, _buffer: Buffer, at: number): number {
    const opcode = first & 15;
    if (opcode === Opcode.ping) this.wire.send('', Opcode.pong);
    return opcode === Opcode.text ? at + NAME_AT : NO_EVENT;
  }
}
