import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import { cleanUp } from './cleanup.js';
import { waitFor } from './wait.js';

/** A message of a plain WebSocket. */
export interface Message {
  readonly event: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
  readonly id?: number;
}

/** A client of the package `ws` that records the messages. */
export class PlainClient {
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  pings = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.texts.push(data.toString()));
    socket.on('ping', () => this.pings++);
    socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
    socket.on('error', () => undefined);
  }

  static async open(
    url: string,
    protocols: string[] = [],
    options: ClientOptions = {},
  ): Promise<PlainClient> {
    const client = new PlainClient(new WebSocket(url.replace('http', 'ws'), protocols, options));
    cleanUp(() => client.socket.terminate());
    await once(client.socket, 'open');
    return client;
  }

  send(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  get messages(): Message[] {
    return this.texts.map((text) => JSON.parse(text) as Message);
  }

  async next(event: string): Promise<Message> {
    const find = () => this.messages.find((message) => message.event === event);
    await waitFor(
      () => find() !== undefined,
      () => `no ${event} in ${this.texts.join()}`,
    );
    return find()!;
  }
}
