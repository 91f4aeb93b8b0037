import { Decoder, Encoder, type Packet } from 'socket.io-parser';
import { isReconstructing } from './engine-io-internals.js';
import {
  messagePackEncoder,
  readConnect,
  readPacket,
  type SocketIoPacket,
  unreadablePacket,
} from './messagepack-packets.js';

/*
 * Socket.IO's parser, which also takes clients that use `socket.io-msgpack-parser`. The first
 * packet of a client decides: theirs is binary, that of every other client is text.
 */

/**
 * Set while a packet in MessagePack is handed to Socket.IO. Before a client has entered, Socket.IO
 * answers in the same turn if its namespace does not exist, with the encoder that all clients
 * share.
 */
let answersInMessagePack = false;

/** Writes text, as for every client of which no more is known. */
export class PacketEncoder extends Encoder {
  override encode(packet: Packet): (string | Buffer)[] {
    if (answersInMessagePack) return messagePackEncoder.encode(packet);
    return super.encode(packet) as (string | Buffer)[];
  }
}

/** Reads the packets of one client. */
export class PacketDecoder extends Decoder {
  /** Set for a client with MessagePack. Others do not even have the field. */
  declare readsMessagePack?: true;

  override add(packet: unknown): void {
    if (this.readsMessagePack) this.handOver(readAny(packet));
    else if (typeof packet === 'string' || !Buffer.isBuffer(packet) || isReconstructing(this)) {
      super.add(packet);
    } else this.addFirst(packet);
  }

  /** Adds binary data that is no attachment. */
  private addFirst(bytes: Buffer): void {
    const connect = readConnect(bytes);
    if (!connect) {
      super.add(bytes); // throws, so that Socket.IO closes the connection
      return;
    }
    this.readsMessagePack = true;
    this.handOver(connect);
  }

  private handOver(packet: SocketIoPacket): void {
    answersInMessagePack = true;
    try {
      this.emitReserved('decoded', packet);
    } finally {
      answersInMessagePack = false;
    }
  }
}

function readAny(packet: unknown): SocketIoPacket {
  return Buffer.isBuffer(packet) ? readPacket(packet) : unreadablePacket('text');
}
