import type { Socket as TcpSocket } from 'node:net';
import { readFrame } from '../../support/raw-websocket.js';
import { type Dialect, SOCKET_IO } from './dialect.js';
import { frame, OPCODE } from './frames.js';
import type { Lane, Outcome } from './lane.js';
import type { Random } from './random.js';
import { openTcp, within } from './tcp.js';

/**
 * Longer than an idle gateway takes to answer a ping. If there is no pong by then, the ping has
 * become a part of an incomplete input.
 */
const PATIENCE_MS = 40;
const OPEN_PATIENCE_MS = 10_000;

/**
 * Writes bytes to an open WebSocket that is in the namespace. A ping after each input shows when
 * the gateway has handled it: the gateway answers the ping, or it has closed the connection, or it
 * reads the ping as a part of the input.
 */
export class WebSocketLane implements Lane {
  private tcp: TcpSocket | undefined;
  private rest: Buffer = Buffer.alloc(0);
  private answered: ((outcome: Outcome) => void) | undefined;
  private awaited = '';
  private pings = 0;

  /**
   * @param input generates the bytes
   */
  constructor(
    private readonly port: number,
    private readonly deflate: boolean,
    private readonly input: (random: Random) => Buffer,
    private readonly dialect: Dialect = SOCKET_IO,
  ) {}

  async try(random: Random): Promise<Outcome> {
    const input = this.input(random);
    const tcp = this.tcp && !this.tcp.destroyed ? this.tcp : await this.open();
    this.awaited = `fuzz ${++this.pings}`;
    const outcome = await within<Outcome>(PATIENCE_MS, 'held', (settle) => {
      this.answered = settle;
      tcp.write(Buffer.concat([input, frame(Buffer.from(this.awaited), { opcode: OPCODE.ping })]));
    });
    this.answered = undefined;
    if (outcome !== 'answered') {
      // Like a client that crashed, and like one that disconnects.
      if (random.once(3)) tcp.resetAndDestroy();
      else tcp.destroy();
    }
    return outcome;
  }

  close(): void {
    this.tcp?.destroy();
  }

  private async open(): Promise<TcpSocket> {
    const tcp = await openTcp(this.port);
    this.tcp = tcp;
    this.rest = Buffer.alloc(0);
    let upgraded = false;
    const opened = within(OPEN_PATIENCE_MS, false, (settle) => {
      tcp.on('data', (chunk: Buffer) => {
        if (this.tcp !== tcp) return;
        this.rest = Buffer.concat([this.rest, chunk]);
        if (!upgraded) {
          const end = this.rest.indexOf('\r\n\r\n');
          if (end < 0) return;
          upgraded = true;
          this.rest = this.rest.subarray(end + 4);
          tcp.write(this.dialect.entry);
        }
        this.read((message, opcode) => this.dialect.isEntered(message, opcode) && settle(true));
      });
    });
    tcp.on('close', () => this.tcp === tcp && this.answered?.('closed'));
    const offer = this.deflate ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : '';
    tcp.write(
      `GET ${this.dialect.path} HTTP/1.1\r\n${this.dialect.header}` +
        'Host: fuzz\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${offer}\r\n`,
    );
    if (!(await opened)) throw new Error('a new client was not let in');
    return tcp;
  }

  private read(onMessage: (message: Buffer, opcode: number) => void): void {
    for (let read = readFrame(this.rest); read; read = readFrame(this.rest)) {
      this.rest = this.rest.subarray(read.size);
      const { opcode, payload } = read.frame;
      if (opcode === OPCODE.text || opcode === OPCODE.binary) onMessage(payload, opcode);
      else if (opcode === OPCODE.close) this.answered?.('closed');
      else if (opcode === OPCODE.pong && payload.toString() === this.awaited) this.answered?.('answered');
    }
  }
}
