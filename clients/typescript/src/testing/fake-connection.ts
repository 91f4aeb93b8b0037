import {
  CLOSINGS,
  type ClosingCode,
  type ConnectErrorData,
  type ConnectedUser,
  type HandshakeOptions,
} from '../contract/index.js';
import type { SocketClient } from '../client.js';
import { soon } from '../clock.js';
import type { RawSocket } from '../options.js';

type Ack = (answer: unknown) => void;
type Listener = (...args: unknown[]) => void;

/** The gateway's side of a connection. */
export interface ConnectionHandlers {
  /** The client wants to connect. */
  readonly handshake: (connection: FakeConnection) => void;
  readonly request: (connection: FakeConnection, event: string, payload: unknown, ack: Ack) => void;
  readonly closed: (connection: FakeConnection) => void;
}

interface Lag {
  readonly since: number;
  /** The newest event of each key that the client has yet to read. */
  readonly held: Map<string, readonly [event: string, payload: unknown]>;
  dropped: number;
}

/** One connection in memory: what socket.io-client would be for the client. */
export class FakeConnection implements RawSocket {
  readonly rooms = new Set<string>();
  token: string | undefined;
  readonly wantsBatches: boolean;
  /** Whether the client does not want to join `general` when it connects. */
  readonly refusesGeneral: boolean;
  /** How many updates the history had when the client connected. */
  recordedBefore = 0;
  user: ConnectedUser | null = null;
  /** Whether the client is connected, from `connected` on. */
  isUp = false;
  private isOpen = true;
  private lagging: Lag | undefined;
  private readonly listeners = new Map<string, Listener>();
  private anyListener: (event: string, ...args: unknown[]) => void = () => undefined;
  /** What the client is sent while it handles an event, so that its listeners see one at a time. */
  private readonly queue: (() => void)[] = [];
  private isDelivering = false;

  constructor(
    /** The client that opened it. Called later than the constructor of the client. */
    readonly owner: () => SocketClient | undefined,
    auth: unknown,
    private readonly handlers: ConnectionHandlers,
  ) {
    const { token, statuses, general } = (auth ?? {}) as HandshakeOptions & { token?: string };
    this.token = token;
    this.wantsBatches = statuses === 'batch';
    this.refusesGeneral = general === 'off';
    soon(() => this.isOpen && handlers.handshake(this));
  }

  on(event: string, listener: (...args: never[]) => void): void {
    this.listeners.set(event, listener as Listener);
  }

  onAny(listener: (event: string, ...args: unknown[]) => void): void {
    this.anyListener = listener;
  }

  emit(event: string, ...args: unknown[]): void {
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as Ack) : () => undefined;
    const payload: unknown = onTheWire(args[0]);
    soon(() => {
      if (!this.isOpen) return;
      this.handlers.request(this, event, payload, (answer) => this.deliver(() => ack(onTheWire(answer))));
    });
  }

  /** The client closes the connection. */
  disconnect(): void {
    if (!this.isOpen) return;
    this.isOpen = this.isUp = false;
    this.handlers.closed(this);
  }

  /** Sends an event of the gateway. */
  send(event: string, payload: unknown): void {
    const own: unknown = onTheWire(payload);
    this.deliver(() => this.anyListener(event, own));
  }

  /**
   * Sends an event that a newer one of the same key replaces, if the client does not read at the
   * moment.
   */
  sendNewest(key: string, event: string, payload: unknown): void {
    if (!this.lagging) {
      this.send(event, payload);
      return;
    }
    const { held } = this.lagging;
    if (held.delete(key)) this.lagging.dropped += 1;
    held.set(key, [event, payload]);
  }

  /** Whether the client does not read at the moment. */
  get isLagging(): boolean {
    return this.lagging !== undefined;
  }

  lag(): void {
    this.lagging ??= { since: performance.now(), held: new Map(), dropped: 0 };
  }

  catchUp(): void {
    if (!this.lagging) return;
    const { dropped, since, held } = this.lagging;
    this.lagging = undefined;
    if (dropped > 0)
      this.send('lagging', { dropped, since_ms: Math.max(0, Math.round(performance.now() - since)) });
    for (const [event, payload] of held.values()) this.send(event, payload);
  }

  /** Refuses the client: because of the network, or with `data` because the gateway does. */
  refuse(message: string, data?: ConnectErrorData): void {
    this.deliver(() => this.listeners.get('connect_error')?.(Object.assign(new Error(message), { data })));
  }

  /** Ends the connection as the gateway does, with the reason. */
  end(code: ClosingCode): void {
    const { closeCode, message, reconnect } = CLOSINGS[code];
    this.send('closing', { code, message, reconnect });
    this.cut(reconnect ? 'transport close' : 'io server disconnect', { context: { code: closeCode } });
  }

  /** The network is lost. */
  cut(reason = 'transport close', details?: unknown): void {
    this.deliver(() => this.listeners.get('disconnect')?.(reason, details));
  }

  private deliver(task: () => void): void {
    this.queue.push(task);
    if (this.isDelivering) return;
    this.isDelivering = true;
    try {
      for (let next = this.queue.shift(); next; next = this.queue.shift()) if (this.isOpen) next();
    } finally {
      this.isDelivering = false;
    }
  }
}

/** A copy as the network would make it: the other side may change its own. */
function onTheWire(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
