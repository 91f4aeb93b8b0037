import type { IncomingMessage } from 'node:http';
import { Transport } from 'engine.io';
import type { EnginePacket } from './socket-io/engine-io-internals.js';

type RequestOfTransport = ConstructorParameters<typeof Transport>[0];

/** A packet with a message of Socket.IO. */
export type MessagePacket = EnginePacket & { readonly data: string };

/**
 * A transport of the gateway's own, as engine.io sees it: like its WebSocket in everything that
 * depends on how bytes are sent, but no session is upgraded to it.
 */
export abstract class OwnTransport extends Transport {
  constructor(request: IncomingMessage) {
    super(request as IncomingMessage & RequestOfTransport);
    this.writable = true;
  }

  get name(): string {
    return 'websocket';
  }

  get handlesUpgrades(): boolean {
    return false;
  }

  get supportsFraming(): boolean {
    return true;
  }

  send(packets: readonly EnginePacket[]): void {
    for (const packet of packets) {
      if (isMessage(packet)) this.sendMessage(packet);
      else if (packet.type === 'ping') this.ping();
      else if (packet.type === 'open') process.nextTick(() => this.opened());
    }
    // The TCP socket holds what was sent, so that the next packet may follow at once.
    this.emit('drain');
  }

  /** Runs once engine.io and Socket.IO listen to this transport. */
  protected abstract opened(): void;

  protected abstract sendMessage(packet: MessagePacket): void;

  protected abstract ping(): void;
}

function isMessage(packet: EnginePacket): packet is MessagePacket {
  return packet.type === 'message' && typeof packet.data === 'string';
}
