import { encodeMessagePack } from '../../src/transports/messagepack/encode.js';
import { EventFrames, NO_EVENT } from './event-frames.js';
import { Opcode } from './frame-walker.js';

const OPEN = '0'.charCodeAt(0);
const PING = '2'.charCodeAt(0);

/** Socket.IO's types of packets. */
const CONNECT = 0;
const EVENT = 2;

/** `{type, nsp: "/", data: [name` in MessagePack, and where its type is. */
const TYPE_AT = '?_type'.length;
const NAME_IN_PACKET_AT = '?_type?_nsp_/_data?_'.length;
/** `{event: name` in MessagePack. */
const NAME_IN_MESSAGE_AT = '?_event_'.length;

/** Socket.IO with the packets of `socket.io-msgpack-parser`. Engine.IO's own packets are text. */
export class SocketIoMessagePackStream extends EventFrames {
  protected override nameAt(first: number, buffer: Buffer, at: number): number {
    const opcode = first & 15;
    if (opcode === Opcode.text) {
      if (buffer[at] === PING) this.wire.send('3');
      else if (buffer[at] === OPEN) this.sendPacket({ type: CONNECT, nsp: '/', data: {} });
    } else if (opcode === Opcode.binary) {
      if (buffer[at + TYPE_AT] === EVENT) return at + NAME_IN_PACKET_AT;
      if (buffer[at + TYPE_AT] === CONNECT) this.greet();
    }
    return NO_EVENT;
  }

  /** @param request `42["event",data]` */
  protected override request(request: string): void {
    this.sendPacket({ type: EVENT, nsp: '/', data: JSON.parse(request.slice('42'.length)) as unknown });
  }

  private sendPacket(packet: object): void {
    this.wire.send(encodeMessagePack(packet), Opcode.binary);
  }
}

/** The gateway's plain WebSocket, with a map of MessagePack in each frame. */
export class PlainMessagePackStream extends EventFrames {
  override open(): void {
    this.greet();
  }

  protected override nameAt(first: number, _buffer: Buffer, at: number): number {
    const opcode = first & 15;
    if (opcode === Opcode.ping) this.wire.send('', Opcode.pong);
    return opcode === Opcode.binary ? at + NAME_IN_MESSAGE_AT : NO_EVENT;
  }

  protected override request(request: string): void {
    this.wire.send(encodeMessagePack(JSON.parse(request)), Opcode.binary);
  }
}
