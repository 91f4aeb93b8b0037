import { connect, type Socket } from 'node:net';
import { monotonicUs } from '../harness/monotonic.js';
import { CentrifugoStream } from './centrifugo-stream.js';
import type { ClientProfile, ClientStream, Wire } from './client-stream.js';
import { FIN_BIT, Opcode } from './frame-walker.js';
import { EventSourceStream } from './event-source-stream.js';
import type { Crowd } from './load-methods.js';
import { PlainMessagePackStream, SocketIoMessagePackStream } from './messagepack-streams.js';
import { NatsStream } from './nats-stream.js';
import { PlainWebSocketStream } from './plain-websocket-stream.js';
import { type ResumeResults, Resumption } from './resumption.js';
import { type Inflater, type Sample, WindowInflater } from './sample.js';
import { SocketIoStream } from './socket-io-stream.js';
import { TextStream } from './text-stream.js';

/**
 * All connections share one buffer, because each read is processed before the next one. A larger
 * one would not help: a server under load has more than this waiting only if the generator is the
 * bottleneck.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);
const END_OF_HEADERS = '\r\n\r\n';
const MASK_BIT = 0x80;

/**
 * Engine.IO lets a client send a pong without a ping. A client that does not read must do so to
 * stay connected.
 */
const UNASKED_PONG_MS = 10_000;

/**
 * One client: a TCP socket that speaks HTTP and WebSocket itself. After a cut it connects again
 * and goes on counting.
 */
export class Client implements Wire {
  bytes = 0;
  stream: ClientStream | undefined;
  private socket: Socket | undefined;
  /** The market messages and errors of earlier connections. */
  private earlier = { market: 0, errors: 0 };
  private headers = '';
  private pongs: NodeJS.Timeout | undefined;
  private readonly resumption: Resumption | undefined;

  constructor(
    readonly profile: ClientProfile,
    readonly sample: Sample | undefined,
    private readonly crowd: Crowd,
    private readonly events: { ready(client: Client): void; closed(client: Client): void },
    results: ResumeResults,
  ) {
    if (profile.resumes) this.resumption = new Resumption(profile.resumes, results);
  }

  /** The number of market messages since `reset`. */
  get market(): number {
    return this.earlier.market + (this.stream?.market ?? 0);
  }

  /** The number of errors that the server returned. */
  get errors(): number {
    return this.earlier.errors + (this.stream?.errors ?? 0);
  }

  reset(): void {
    this.earlier.market = 0;
    if (this.stream) this.stream.market = 0;
    this.sample?.check.restart();
  }

  open(): void {
    this.resumption?.opened(monotonicUs());
    const { port, localAddress } = this.crowd;
    const socket = connect({
      host: '127.0.0.1',
      port,
      localAddress,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (size) => {
          this.read(size);
          return true;
        },
      },
    });
    this.socket = socket;
    socket.once('connect', () => socket.write(this.request()));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(this.pongs);
      // Not if the client has cut the connection itself.
      if (this.socket === socket) this.events.closed(this);
    });
  }

  /** Loses the connection without a closing handshake. `open` connects again. */
  cut(): void {
    this.earlier = { market: this.market, errors: this.errors };
    this.stream = undefined;
    this.headers = '';
    const { socket } = this;
    this.socket = undefined;
    socket?.resetAndDestroy();
  }

  /** Masked with zeros, which is well-formed and leaves the payload unchanged. */
  send(content: string | Buffer, opcode: number = Opcode.text): void {
    const payload = typeof content === 'string' ? Buffer.from(content) : content;
    if (payload.length > 65_535) throw new RangeError('longer than a client here ever sends');
    const short = payload.length < 126;
    const head = Buffer.alloc(short ? 6 : 8);
    head[0] = FIN_BIT | opcode;
    head[1] = MASK_BIT | (short ? payload.length : 126);
    if (!short) head.writeUInt16BE(payload.length, 2);
    this.socket?.write(Buffer.concat([head, payload]));
  }

  ready(): void {
    this.events.ready(this);
  }

  stall(): void {
    this.socket?.pause();
    this.pongs = setInterval(() => this.send('3'), UNASKED_PONG_MS);
  }

  resume(): void {
    clearInterval(this.pongs);
    this.socket?.resume();
  }

  private read(size: number): void {
    this.bytes += size;
    if (this.sample) this.sample.nowUs = monotonicUs();
    if (this.stream) this.stream.read(READ_BUFFER, 0, size);
    else this.readHeaders(size);
  }

  private readHeaders(size: number): void {
    const before = this.headers.length;
    this.headers += READ_BUFFER.toString('latin1', 0, size);
    const end = this.headers.indexOf(END_OF_HEADERS);
    if (end < 0) return;
    if (!this.headers.startsWith(`HTTP/1.1 ${this.isEventSource ? 200 : 101}`)) {
      this.socket?.destroy(new Error(`not accepted: ${this.headers.slice(0, 100)}`));
      return;
    }
    const extensions = /^sec-websocket-extensions:(.*)$/im.exec(this.headers.slice(0, end))?.[1];
    this.headers = '';
    this.stream = this.makeStream(extensions);
    this.stream.open();
    const from = end + END_OF_HEADERS.length - before;
    if (from < size) this.stream.read(READ_BUFFER, from, size);
  }

  private get isEventSource(): boolean {
    return this.crowd.dialect === 'event-source';
  }

  private makeStream(extensions: string | undefined): ClientStream {
    const { profile, sample, resumption } = this;
    switch (this.crowd.dialect) {
      case 'socket.io':
        return new SocketIoStream(this, profile, sample, inflaterFor(extensions), resumption);
      case 'socket.io-messagepack':
        return new SocketIoMessagePackStream(this, profile, sample, inflaterFor(extensions));
      case 'plain-websocket':
        return new PlainWebSocketStream(this, profile, sample, inflaterFor(extensions));
      case 'plain-messagepack':
        return new PlainMessagePackStream(this, profile, sample, inflaterFor(extensions));
      case 'event-source':
        return new EventSourceStream(this, profile, sample);
      case 'nats':
        return new NatsStream(this, profile, sample);
      case 'text':
        return new TextStream(this, profile, sample);
      case 'centrifugo':
        return new CentrifugoStream(this, profile, sample);
    }
  }

  private request(): string {
    const { port, path, subprotocol, offersDeflate } = this.crowd;
    const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
    if (!this.isEventSource) {
      lines.push(
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: YmVuY2gtY2xpZW50LTAwMA==',
      );
      if (subprotocol) lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`);
      if (offersDeflate) lines.push('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits');
    }
    return lines.join('\r\n') + END_OF_HEADERS;
  }
}

/** For the extensions that the server has agreed on. */
function inflaterFor(extensions: string | undefined): Inflater | undefined {
  if (!extensions?.includes('permessage-deflate')) return undefined;
  return new WindowInflater(!extensions.includes('server_no_context_takeover'));
}
