import { Transport } from 'engine.io-client';

interface Packet {
  readonly type: string;
  readonly data?: unknown;
}

/** A message of the gateway's own transports. */
export interface Message {
  readonly event: string;
  readonly data?: unknown;
  readonly id?: number;
}

/** What the tests pass to a transport, and what Node's client passes to its connections. */
export interface TransportOptions {
  readonly hostname: string;
  readonly port: string;
  readonly secure?: boolean;
  readonly extraHeaders?: Readonly<Record<string, string>>;
  readonly perMessageDeflate?: unknown;
  readonly rejectUnauthorized?: boolean;
  readonly agent?: unknown;
  readonly ca?: unknown;
  /** How long the client waits for a ping, in ms. By default, it does not care. */
  readonly silenceMs?: number;
  /** Of an event stream, which cannot be subscribed to later. */
  readonly rooms?: readonly string[];
}

const HOUR_MS = 3_600_000;

/**
 * Lets a stock Socket.IO client use another transport of the gateway: a transport of its library
 * that translates its packets to messages and back. So every test that takes a stock client can
 * take the other transports too.
 */
export abstract class MessageTransport extends Transport {
  /** What arrived before the client has asked to enter. */
  private held: Message[] | undefined = [];
  protected hasEntered = false;

  get name(): string {
    return 'websocket';
  }

  protected get options(): TransportOptions {
    return this.opts as unknown as TransportOptions;
  }

  override write(packets: readonly Packet[]): void {
    this.writable = false;
    for (const { type, data } of packets) if (type === 'message') this.translate(data);
    process.nextTick(() => {
      this.writable = true;
      this.emitReserved('drain');
    });
  }

  /** Sends what the client enters with. */
  protected abstract authenticate(auth: object): void;

  /** Sends a message of the client. */
  protected abstract say(message: Message): void;

  /** Sends what the library itself did not write as text. */
  protected abstract sayBytes(bytes: Buffer): void;

  protected opened(): void {
    this.onOpen();
    const { silenceMs = HOUR_MS } = this.options;
    // The gateway's pings do not tell the client, so it must be told.
    const handshake = { sid: 'x', upgrades: [], pingInterval: silenceMs, pingTimeout: 0, maxPayload: 1e9 };
    this.onPacket({ type: 'open', data: JSON.stringify(handshake) });
  }

  protected pinged(): void {
    this.onPacket({ type: 'ping' });
  }

  protected receive(message: Message): void {
    if (this.held) {
      this.held.push(message);
      return;
    }
    const { event, data, id } = message;
    if (event === 'connected' && !this.hasEntered) {
      this.hasEntered = true;
      this.packet('0', { sid: (data as { readonly client_id: string }).client_id });
    }
    if (event === 'ack') this.packet(`3${id}`, [data]);
    else if (event === 'connect_error') {
      this.packet('4', { message: (data as { readonly message: string }).message, data });
    } else this.packet('2', [event, data]);
    // Socket.IO sends a packet of its own to a client that shall not return.
    if (event === 'closing' && !(data as { readonly reconnect: boolean }).reconnect) this.packet('1');
  }

  private translate(packet: unknown): void {
    if (typeof packet !== 'string') {
      this.sayBytes(packet as Buffer);
      return;
    }
    const [, type, id, json] = /^(\d)(\d*)(.*)$/s.exec(packet) ?? [];
    if (type === '0') this.enter(json === '' ? {} : (JSON.parse(json!) as object));
    else if (type === '1') this.doClose();
    else if (type === '2') {
      const [event, ...args] = JSON.parse(json!) as [string, ...unknown[]];
      const data = args.length > 1 ? args : args[0];
      this.say({ event, data, ...(id !== '' && { id: Number(id) }) });
    }
  }

  private enter(auth: object): void {
    this.authenticate(auth);
    const held = this.held ?? [];
    this.held = undefined;
    for (const message of held) this.receive(message);
  }

  private packet(start: string, data?: unknown): void {
    this.onPacket({ type: 'message', data: start + (data === undefined ? '' : JSON.stringify(data)) });
  }
}
