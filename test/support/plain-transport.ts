import { Transport } from 'engine.io-client';
import { WebSocket } from 'ws';
import { decode, encode } from './messagepack.js';

interface Packet {
  readonly type: string;
  readonly data?: unknown;
}

interface Message {
  readonly event: string;
  readonly data?: unknown;
  readonly id?: number;
}

/** What the gateway's own pings say. The client must be told, although it is not told by them. */
const HANDSHAKE = { sid: 'plain', upgrades: [], pingInterval: 3_600_000, pingTimeout: 0, maxPayload: 1e9 };

/**
 * Lets a stock Socket.IO client talk to `/ws`: a transport of its library that translates its
 * packets to plain messages and back. So every test that takes a stock client can take a plain
 * WebSocket too.
 */
export class PlainTransport extends Transport {
  private ws!: WebSocket;
  /** What arrived before the client has asked to enter. */
  private held: Message[] | undefined = [];
  private hasEntered = false;

  get name(): string {
    return 'websocket';
  }

  protected get protocols(): string[] {
    return [];
  }

  protected read(data: Buffer): unknown {
    return JSON.parse(data.toString());
  }

  protected written(message: object): string | Buffer {
    return JSON.stringify(message);
  }

  override doOpen(): void {
    const { hostname, port, secure, extraHeaders, perMessageDeflate, rejectUnauthorized, agent, ca } = this
      .opts as Readonly<Record<string, unknown>>;
    const url = `${secure === true ? 'wss' : 'ws'}://${String(hostname)}:${String(port)}/ws`;
    const options = { headers: extraHeaders, perMessageDeflate, rejectUnauthorized, agent, ca };
    this.ws = new WebSocket(url, this.protocols, options as ConstructorParameters<typeof WebSocket>[2]);
    this.ws.on('open', () => {
      this.onOpen();
      this.onPacket({ type: 'open', data: JSON.stringify(HANDSHAKE) });
    });
    this.ws.on('message', (data: Buffer) => this.receive(this.read(data) as Message));
    this.ws.on('close', (code, reason) => {
      const context = { code, reason: reason.toString() };
      this.onClose({ description: 'websocket connection closed', context });
    });
    this.ws.on('error', (error) => void this.onError('websocket error', error));
  }

  override doClose(): void {
    this.ws?.close();
  }

  override write(packets: readonly Packet[]): void {
    this.writable = false;
    for (const { type, data } of packets) if (type === 'message') this.encode(data);
    process.nextTick(() => {
      this.writable = true;
      this.emitReserved('drain');
    });
  }

  private encode(packet: unknown): void {
    if (typeof packet !== 'string') {
      this.ws.send(packet as Buffer);
      return;
    }
    const [, type, id, json] = /^(\d)(\d*)(.*)$/s.exec(packet) ?? [];
    if (type === '0') this.enter(json === '' ? {} : JSON.parse(json!));
    else if (type === '1') this.ws.close();
    else if (type === '2') {
      const [event, ...args] = JSON.parse(json!) as [string, ...unknown[]];
      const data = args.length > 1 ? args : args[0];
      this.say({ event, data, ...(id !== '' && { id: Number(id) }) });
    }
  }

  private enter(auth: unknown): void {
    const { extraHeaders = {} } = this.opts as { readonly extraHeaders?: Readonly<Record<string, string>> };
    const authenticate = (): void => this.say({ event: 'auth', data: auth });
    if (Object.keys(auth as object).length > 0) authenticate();
    // A client whose upgrade request has a token sends no other, and neither does one that needs
    // none: it is connected by now, or very soon.
    else if (!extraHeaders.Authorization?.startsWith('Bearer')) {
      setTimeout(() => !this.hasEntered && this.ws.readyState === WebSocket.OPEN && authenticate(), 500);
    }
    const held = this.held ?? [];
    this.held = undefined;
    for (const message of held) this.receive(message);
  }

  private say(message: Message): void {
    this.ws.send(this.written(message));
  }

  private receive(message: Message): void {
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

  private packet(start: string, data?: unknown): void {
    this.onPacket({ type: 'message', data: start + (data === undefined ? '' : JSON.stringify(data)) });
  }
}

/** The same, with MessagePack. */
export class PlainMessagePackTransport extends PlainTransport {
  protected override get protocols(): string[] {
    return ['deltastream.v1.msgpack'];
  }

  protected override read(data: Buffer): unknown {
    return decode(data);
  }

  protected override written(message: object): Buffer {
    return encode(message);
  }
}
