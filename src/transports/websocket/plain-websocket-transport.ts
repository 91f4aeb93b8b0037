import type { IncomingMessage } from 'node:http';
import { CLOSINGS } from '../../contract/index.js';
import type { BoundedWebSocket } from '../socket-io/bounded-websocket-server.js';
import { type MessagePacket, OwnTransport } from '../own-transport.js';
import { upgradedWebSocketOf } from '../socket-io/engine-io-internals.js';
import { codecOf, type MessageCodec } from './message-codec.js';
import {
  AUTH_EVENT,
  type ClientMessage,
  connectErrorOf,
  connectPacket,
  eventPacket,
  isConnectReply,
  messagesOf,
} from './messages.js';
import { authOf, MESSAGEPACK_SUBPROTOCOL, type UpgradeAuth } from './plain-upgrade.js';

/** The close code for a client that may not enter, if `CLOSINGS` has none for the reason. */
const POLICY_VIOLATION = 1008;

/** The reason in the close frame of a client that sent nothing, although it has to authenticate. */
const NO_AUTH = 'AUTH_REQUIRED';

/**
 * A plain WebSocket as a transport of engine.io. To engine.io and Socket.IO its client is like any
 * other, so that authentication, rooms, limits, drain and metrics need nothing of their own.
 *
 * The client enters once it is known who it is: at once if authentication is off or the upgrade
 * request has a token, and otherwise with its first message. Until Socket.IO has admitted it, the
 * transport holds its messages and stops reading. So it holds what one read of the TCP socket
 * brought at most.
 */
export class PlainWebSocketTransport extends OwnTransport {
  readonly socket: BoundedWebSocket;
  private state: 'new' | 'entering' | 'entered' | 'refused' = 'new';
  private held: ClientMessage[] = [];
  private upgradeAuth: UpgradeAuth | undefined;

  /** @param ignoresAuth whether authentication is off, so that nothing is done with a token */
  constructor(
    request: IncomingMessage,
    private readonly ignoresAuth: boolean,
  ) {
    super(request);
    const { auth, hasToken } = authOf(request);
    this.upgradeAuth = { auth, hasToken: hasToken || ignoresAuth };
    this.socket = upgradedWebSocketOf<BoundedWebSocket>(request);
    this.socket.on('message', this.onMessage);
    this.socket.on('pong', this.onPong);
    this.socket.once('close', () => this.onClose());
    this.socket.on('error', (error) => this.onError('websocket error', error));
  }

  /** Whether the client and the gateway agreed on MessagePack. */
  get usesMessagePack(): boolean {
    return this.socket.protocol === MESSAGEPACK_SUBPROTOCOL;
  }

  private get codec(): MessageCodec {
    return codecOf(this.socket.protocol);
  }

  doClose(done?: () => void): void {
    if (this.state === 'new' || this.state === 'entering') this.socket.close(POLICY_VIOLATION, NO_AUTH);
    else this.socket.close();
    done?.();
  }

  protected override sendMessage({ data: packet }: MessagePacket): void {
    if (this.state === 'entering') this.onAdmission(packet);
    for (const message of messagesOf(packet)) this.socket.send(this.codec.write(message));
    if (this.state === 'refused') this.refuse(packet);
  }

  private onAdmission(packet: string): void {
    if (isConnectReply(packet)) {
      this.state = 'entered';
      // In a turn of its own, because Socket.IO has not added the client yet.
      process.nextTick(this.release);
    } else if (connectErrorOf(packet)) {
      this.state = 'refused';
    }
  }

  private refuse(packet: string): void {
    const code = connectErrorOf(packet)?.code ?? '';
    const closing = Object.hasOwn(CLOSINGS, code) ? CLOSINGS[code as keyof typeof CLOSINGS] : undefined;
    this.held = [];
    this.socket.resume(); // for its close frame
    this.socket.close(closing?.closeCode ?? POLICY_VIOLATION, code);
  }

  protected override opened(): void {
    if (this.state === 'new' && this.upgradeAuth?.hasToken) this.enter();
  }

  protected override ping(): void {
    this.socket.ping();
  }

  private readonly onPong = (): void => this.onPacket({ type: 'pong' });

  private readonly onMessage = (data: Buffer, isBinary: boolean): void => {
    const message = this.codec.read(data, isBinary);
    if (this.ignoresAuth && message.event === AUTH_EVENT) {
      this.onPacket({ type: 'noop' }); // counted like every message
      return;
    }
    switch (this.state) {
      case 'new':
        if (message.event === AUTH_EVENT) {
          this.enter(message.data);
        } else {
          this.enter();
          this.hold(message);
        }
        break;
      case 'entering':
        this.hold(message);
        break;
      case 'entered':
        // What was held comes first.
        if (this.held.length > 0) this.held.push(message);
        else this.pass(message);
        break;
      case 'refused':
        break;
    }
  };

  /** @param auth of the first message, which adds to the options of the upgrade request */
  private enter(auth?: unknown): void {
    const options = this.upgradeAuth?.auth ?? {};
    const isFields = auth == null || (typeof auth === 'object' && !Array.isArray(auth));
    this.state = 'entering';
    this.upgradeAuth = undefined;
    this.onPacket({ type: 'message', data: connectPacket(isFields ? { ...options, ...auth } : auth) });
  }

  private hold(message: ClientMessage): void {
    this.socket.pause();
    this.held.push(message);
  }

  private readonly release = (): void => {
    const { held } = this;
    this.held = [];
    for (const message of held) this.pass(message);
    if (held.length > 0) this.socket.resume();
  };

  private pass(message: ClientMessage): void {
    this.onPacket({ type: 'message', data: eventPacket(message) });
  }
}
