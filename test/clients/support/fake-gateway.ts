import { SocketClient } from '../../../clients/typescript/src/client.js';
import type { ClientOptions, Foundation, RawSocket } from '../../../clients/typescript/src/options.js';
import { LIMITS } from '../../../clients/typescript/src/testing/fake-gateway.js';
import {
  type ClientLimits,
  type ConnectedUser,
  type ErrorCode,
  type SubscribeRequest,
  type SubscriptionRequest,
  type View,
  viewName,
} from '../../../src/contract/index.js';
import { ContractCheck } from '../../support/contract-check.js';
import { ManualClock, seededRandom } from '../../support/manual-clock.js';

export { LIMITS };

export const refusal = (code: ErrorCode, retry_after_ms?: number, rooms?: readonly string[]) => ({
  ok: false,
  error: {
    code,
    message: code,
    event: 'subscribe',
    ...(retry_after_ms ? { retry_after_ms } : {}),
    ...(rooms ? { rooms } : {}),
  },
});

/** The fields of an acknowledgement besides `ok` and `rooms`. */
const ANSWERS: Readonly<Record<string, object>> = {
  get_products: { products: [] },
  refresh_token: { expires_at: 0 },
  get_heartbeat: { server_time: 0, feed: 'up', market: 'open', queue_ms: 0 },
};

type Ack = (answer: unknown) => void;

/**
 * A connection with the interface of socket.io-client, and a gateway behind it that does what a
 * test says. Its messages are checked against the AsyncAPI document, so that it cannot differ from
 * the real gateway.
 */
export class FakeSocket implements RawSocket {
  readonly sent: { event: string; payload: unknown; ack: Ack }[] = [];
  readonly rooms = new Set<string>();
  open = true;
  private readonly listeners = new Map<string, (...args: never[]) => void>();
  private readonly contract = new ContractCheck();
  private any: (event: string, ...args: unknown[]) => void = () => undefined;

  constructor(
    private readonly gateway: FakeGateway,
    readonly auth: unknown,
  ) {}

  on(event: string, listener: (...args: never[]) => void): void {
    this.listeners.set(event, listener);
  }

  onAny(listener: (event: string, ...args: unknown[]) => void): void {
    this.any = listener;
  }

  emit(event: string, ...args: unknown[]): void {
    const answer = typeof args.at(-1) === 'function' ? (args.pop() as Ack) : undefined;
    const check = this.contract.sent(event, args);
    const ack: Ack = (payload) => {
      check(payload);
      answer?.(payload);
    };
    this.sent.push({ event, payload: args[0], ack });
    if (!answer) return;
    this.gateway.answer(this, event, args[0] as SubscribeRequest, ack);
  }

  disconnect(): void {
    this.open = false;
  }

  /** Sends an event of the gateway. */
  say(event: string, payload: unknown): void {
    this.contract.received(event, payload);
    if (this.open) this.any(event, payload);
  }

  connected(
    limits: Partial<ClientLimits> = {},
    rooms: readonly string[] = ['general'],
    user: ConnectedUser | null = null,
  ): void {
    for (const room of rooms) this.rooms.add(room);
    this.say('connected', {
      message: '',
      client_id: 'id',
      replica: 'one',
      rooms,
      server_time: 0,
      limits: { ...LIMITS, ...limits },
      user,
    });
  }

  drop(reason = 'transport close', details?: unknown): void {
    (this.listeners.get('disconnect') as ((...args: unknown[]) => void) | undefined)?.(reason, details);
  }

  refuse(data: object | undefined): void {
    if (data) this.contract.received('connect_error', { message: 'refused', data });
    const error = Object.assign(new Error('refused'), { data });
    (this.listeners.get('connect_error') as ((error: Error) => void) | undefined)?.(error);
  }

  asked(event: string): unknown[] {
    return this.sent.filter((one) => one.event === event).map(({ payload }) => payload);
  }
}

export class FakeGateway {
  readonly clock = new ManualClock();
  readonly sockets: FakeSocket[] = [];
  /** Responds as the real gateway does. A test may replace this. */
  refuses: (request: SubscriptionRequest, event: string) => unknown = () => undefined;
  answers = true;
  /** `false`: an older version, which ignores views. */
  hasViews = true;
  private client: SocketClient | undefined;

  readonly foundation: Foundation = {
    clock: this.clock,
    random: seededRandom(),
    open: (_url, options) => {
      const socket = new FakeSocket(this, options.auth);
      this.sockets.push(socket);
      return socket;
    },
  };

  get last(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  connect(options: ClientOptions = {}): SocketClient {
    return (this.client = new SocketClient('http://gateway', options, this.foundation));
  }

  /** Connects, and lets the client handle the connection. */
  async up(options: ClientOptions = {}): Promise<SocketClient> {
    const client = this.client ?? this.connect(options);
    await settle();
    this.last.connected();
    await settle();
    return client;
  }

  /** Passes `ms` in small steps, so that waiting promises can continue. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.clock.advance(Math.min(100, left));
      await settle();
    }
  }

  answer(socket: FakeSocket, event: string, request: SubscribeRequest | undefined, ack: Ack): void {
    if (!this.answers) return;
    const refused = this.refuses(request ?? { type: 'general' }, event);
    if (refused !== undefined) {
      ack(refused);
      return;
    }
    const { view: asked, ...plain } = request ?? ({} as SubscribeRequest);
    const view = this.hasViews && asked ? { view: asked as View } : {};
    const rooms = request && event !== 'refresh_token' ? roomsOf({ ...plain, ...view }) : [];
    if (this.hasViews && request?.replace) this.replace(socket, rooms);
    for (const room of rooms) {
      if (event === 'subscribe') socket.rooms.add(room);
      else socket.rooms.delete(room);
      socket.say(`${event}d`, { room, message: '', ...(event === 'subscribe' ? view : {}) });
    }
    ack({ ok: true, rooms, ...ANSWERS[event], ...(event === 'subscribe' ? view : {}) });
  }

  private replace(socket: FakeSocket, rooms: readonly string[]): void {
    const bases = rooms.map((room) => room.split('@')[0]);
    for (const room of socket.rooms) {
      if (rooms.includes(room) || !bases.includes(room.split('@')[0])) continue;
      socket.rooms.delete(room);
      socket.say('unsubscribed', { room, message: '' });
    }
  }
}

/** @param request whose view has the steps that are granted, as this client sends them */
export function roomsOf({ type, symbol, symbols, expiry, view }: SubscriptionRequest): string[] {
  const end = `${expiry ? `:${expiry}` : ''}${view ? `@${viewName(view as View)}` : ''}`;
  if (type === 'general' || type === 'heartbeat' || type === 'portfolio') return [`${type}${end}`];
  return [...(symbol ? [symbol] : []), ...(symbols ?? [])].map((name) => `${type}:${name}${end}`);
}

/** Lets every waiting promise continue. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
