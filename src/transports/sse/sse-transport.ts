import type { IncomingMessage } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import type { Clock } from '../../common/clock.js';
import { jittered } from '../../common/jittered.js';
import { ClientEvent, type ConnectErrorData, type SubscribeRequest } from '../../contract/index.js';
import type { Channel } from '../socket-io/channel.js';
import { corkUntilEndOfTurn } from '../socket-io/coalescing-websocket.js';
import { type MessagePacket, OwnTransport } from '../own-transport.js';
import { preEncodedOf, responseHeadersOf, takenSocketOf } from '../socket-io/engine-io-internals.js';
import {
  connectErrorOf,
  connectPacket,
  eventsOf,
  eventPacket,
  isConnectReply,
} from '../websocket/messages.js';
import { COMMENT, eventBlock } from './event-blocks.js';
import { GZIP_HEADER, stored } from './gzip-blocks.js';
import type { RoomLimits } from './room-list.js';
import { readSseRequest, type SseRequest } from './sse-request.js';
import { NOT_ADMITTED, rejection, streamHead } from './sse-response.js';

/** How long a client should wait before it connects again: 1 to 5 s. */
const RETRY_MS = 1_000;
const RETRY_SPREAD = 4;

/** How long a client may take to read the rest of its stream after its end, ms. */
const CLOSE_TIMEOUT_MS = 5_000;

export interface SseOptions {
  readonly clock: Pick<Clock, 'after' | 'wallNow'>;
  readonly limits: RoomLimits;
  /** Whether messages are compressed for clients that read gzip. */
  readonly compresses: boolean;
}

/**
 * An event stream as a transport of engine.io. To engine.io and Socket.IO its client is like any
 * other, so that authentication, rooms, limits, drain and metrics need nothing of their own. All that
 * it sends is made from its one request.
 *
 * The response begins when Socket.IO has admitted the client. Until then it can still be an error
 * with an HTTP status.
 */
export class SseTransport extends OwnTransport implements Channel {
  readonly tcp: TcpSocket;
  readonly problem = undefined;
  private state: 'entering' | 'entered' | 'refused' = 'entering';
  /** Undefined once it is no longer needed. */
  private pending:
    { readonly asked: SseRequest; readonly headers: Readonly<Record<string, string>> } | undefined;
  readonly isCompressed: boolean;

  /** @throws TypeError if the request is malformed, which `HandshakeGate` has checked */
  constructor(
    request: IncomingMessage,
    private readonly options: SseOptions,
  ) {
    super(request);
    const asked = readSseRequest(request, options.limits);
    if ('problem' in asked) throw new TypeError(`${asked.field} ${asked.problem}`);
    const date = new Date(options.clock.wallNow()).toUTCString();
    this.pending = { asked, headers: { Date: date, ...responseHeadersOf(request) } };
    this.isCompressed = asked.readsGzip && options.compresses;
    this.tcp = takenSocketOf(request);
    this.tcp.setTimeout(0);
    this.tcp.on('error', ignore).on('data', cut).on('end', cut);
    this.tcp.once('close', () => this.onClose());
  }

  get channel(): Channel {
    return this;
  }

  get isOpen(): boolean {
    return this.state === 'entered' && this.tcp.writable;
  }

  /** The last event has said why the stream ends. */
  closeWith(): void {}

  doClose(done?: () => void): void {
    if (this.state === 'entering') this.refuse(NOT_ADMITTED);
    else this.end();
    done?.();
  }

  protected override opened(): void {
    this.onPacket({ type: 'message', data: connectPacket(this.pending?.asked.auth) });
  }

  protected override sendMessage(packet: MessagePacket): void {
    if (this.state === 'entering') {
      this.onAdmission(packet.data);
      return;
    }
    const encoded = preEncodedOf(packet);
    if (encoded) for (const bytes of encoded) this.writeBytes(bytes);
    else for (const { event, data } of eventsOf(packet.data)) this.writeText(eventBlock(event, data));
  }

  private onAdmission(packet: string): void {
    const error = connectErrorOf(packet);
    if (error) this.refuse(error.code === undefined ? NOT_ADMITTED : (error as ConnectErrorData));
    else if (isConnectReply(packet)) this.begin();
  }

  private begin(): void {
    const { asked, headers } = this.pending!;
    this.pending = undefined;
    this.state = 'entered';
    this.writeBytes(Buffer.from(streamHead(headers, this.isCompressed), 'latin1'));
    if (this.isCompressed) this.writeBytes(GZIP_HEADER);
    this.writeText(`retry: ${jittered(RETRY_MS, RETRY_SPREAD)}\n\n`);
    // In a turn of its own, because Socket.IO has not added the client yet.
    process.nextTick(this.subscribe, asked.subscriptions);
  }

  private readonly subscribe = (subscriptions: readonly SubscribeRequest[]): void => {
    for (const data of subscriptions) {
      this.onPacket({ type: 'message', data: eventPacket({ event: ClientEvent.subscribe, data }) });
    }
  };

  private refuse(error: ConnectErrorData): void {
    const { headers } = this.pending!;
    this.pending = undefined;
    this.state = 'refused';
    this.tcp.write(rejection(error, headers), 'latin1');
    this.end();
  }

  /**
   * Sends a comment in place of engine.io's ping. The client cannot answer, so the ping counts as
   * answered once the operating system has taken the comment. It does not while its buffers for a
   * client that does not read are full.
   */
  protected override ping(): void {
    if (this.isOpen) this.tcp.write(this.encode(COMMENT), this.onTaken);
    else this.onTaken();
  }

  private readonly onTaken = (error?: Error | null): void => {
    if (!error) process.nextTick(this.pong);
  };

  private readonly pong = (): void => this.onPacket({ type: 'pong' });

  private writeText(text: string): void {
    this.writeBytes(this.encode(text));
  }

  private writeBytes(bytes: Buffer): void {
    corkUntilEndOfTurn(this.tcp);
    this.tcp.write(bytes);
  }

  private encode(text: string): Buffer {
    const bytes = Buffer.from(text);
    return this.isCompressed ? stored(bytes) : bytes;
  }

  private end(): void {
    const { tcp } = this;
    if (tcp.destroyed) return;
    tcp.destroySoon();
    const timer = this.options.clock.after(CLOSE_TIMEOUT_MS, () => tcp.destroy());
    tcp.once('close', () => timer.cancel());
  }
}

/** Closes the connection of a client that sends more than its request, or that has gone. */
function cut(this: TcpSocket): void {
  this.destroy();
}

/** 'close' follows every error. */
function ignore(): void {}
