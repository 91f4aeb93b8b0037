import { WebSocket } from 'ws';
import { type Message, MessageTransport } from './message-transport.js';
import { decode, encode } from './messagepack.js';

const CLOSES_WITHIN_MS = 2_000;

/** A stock client over a plain WebSocket. */
export class PlainTransport extends MessageTransport {
  private ws!: WebSocket;

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
    const { hostname, port, secure, extraHeaders, perMessageDeflate, rejectUnauthorized, agent, ca } =
      this.options;
    const url = `${secure === true ? 'wss' : 'ws'}://${hostname}:${port}/ws`;
    const options = { headers: extraHeaders, perMessageDeflate, rejectUnauthorized, agent, ca };
    this.ws = new WebSocket(url, this.protocols, options as ConstructorParameters<typeof WebSocket>[2]);
    this.ws.on('open', () => this.opened());
    this.ws.on('ping', () => this.pinged());
    this.ws.on('message', (data: Buffer) => this.receive(this.read(data) as Message));
    this.ws.on('close', (code, reason) => {
      const context = { code, reason: reason.toString() };
      this.onClose({ description: 'websocket connection closed', context });
    });
    this.ws.on('error', (error) => void this.onError('websocket error', error));
  }

  override doClose(): void {
    this.ws?.close();
    // A gateway that is gone does not answer, and ws would wait for 30 s.
    setTimeout(() => this.ws?.terminate(), CLOSES_WITHIN_MS).unref();
  }

  protected override say(message: Message): void {
    this.ws.send(this.written(message));
  }

  protected override sayBytes(bytes: Buffer): void {
    this.ws.send(bytes);
  }

  protected override authenticate(auth: object): void {
    const authenticate = (): void => this.say({ event: 'auth', data: auth });
    if (Object.keys(auth).length > 0) authenticate();
    // A client whose upgrade request has a token sends no other, and neither does one that needs
    // none: it is connected by now, or very soon.
    else if (!this.options.extraHeaders?.Authorization?.startsWith('Bearer')) {
      setTimeout(() => !this.hasEntered && this.ws.readyState === WebSocket.OPEN && authenticate(), 500);
    }
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
