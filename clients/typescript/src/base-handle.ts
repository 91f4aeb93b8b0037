import { type RoomAddress, roomName } from './contract/index.js';
import { SubscriptionError } from './errors.js';
import { Listeners } from './listeners.js';
import type { BaseSubscription, Gap } from './subscription.js';
import { UpdateQueue } from './update-queue.js';

/** What the registry needs of the handles of all rooms. */
export interface RoomHandle {
  readonly addresses: readonly RoomAddress[];
  readonly products: readonly string[];
  readonly rooms: readonly string[];
  readonly closed: boolean;
  has(key: string): boolean;
  /** The registry delivers only updates of the streams that the handle's rooms bring. */
  deliver(key: string, update: object): void;
  missed(gap: Gap): void;
  /** The gateway has joined the client to a room. */
  acknowledged(room: string): void;
  /** The gateway refuses a room. Returns whether the handle keeps another one instead. */
  keepView?(error: SubscriptionError): boolean;
  /** Reports the changes of the product, or of everything with `undefined`. */
  checkStaleness(product: string | undefined): void;
  /** Forgets the updates, because the user may not see them any more. */
  reset(): void;
  /** No more updates follow. With an error, the subscription was rejected. */
  end(error?: SubscriptionError): void;
}

export interface BaseOptions {
  /** The handle no longer needs its rooms. */
  readonly release: (handle: RoomHandle) => void;
  readonly listenerFailed: (error: unknown) => void;
}

/** The events of every kind of subscription. Each kind documents those that it has. */
interface HandleEvents<U, S> {
  update: U;
  stale: S;
  gap: Gap;
  reset: undefined;
  error: SubscriptionError;
}

/**
 * What the internal sides of all subscriptions have in common.
 * @typeParam U the updates
 * @typeParam S the payload of `stale`
 */
export abstract class BaseHandle<U extends object, S extends { readonly stale: boolean }>
  implements RoomHandle, BaseSubscription<U, HandleEvents<U, S>>
{
  readonly ready: Promise<void>;
  latest: U | undefined;
  error: SubscriptionError | undefined;
  closed = false;
  abstract readonly addresses: readonly RoomAddress[];
  abstract readonly products: readonly string[];
  abstract readonly stale: boolean;
  /** The newest update of each key. */
  protected readonly byKey = new Map<string, U>();
  protected readonly listeners: Listeners<HandleEvents<U, S>>;
  /** The last reported state of each product, so that each change is reported once. */
  protected readonly said = new Map<string, boolean>();
  protected readonly queues = new Set<UpdateQueue<U>>();
  protected resolveReady!: () => void;
  private rejectReady!: (error: SubscriptionError) => void;

  constructor(protected readonly options: BaseOptions) {
    this.listeners = new Listeners(options.listenerFailed);
    this.ready = new Promise(
      (resolve, reject) => ([this.resolveReady, this.rejectReady] = [resolve, reject]),
    );
    // Code that ignores `ready` learns of a rejection from `error`. Otherwise Node would end the
    // process.
    this.ready.catch(() => undefined);
  }

  get rooms(): readonly string[] {
    return this.addresses.map(roomName);
  }

  on<E extends keyof HandleEvents<U, S>>(
    event: E,
    listener: (payload: HandleEvents<U, S>[E]) => void,
  ): () => void {
    return this.listeners.on(event, listener);
  }

  [Symbol.asyncIterator](): AsyncIterator<U, undefined> {
    const queue = new UpdateQueue<U>((left) => this.queues.delete(left));
    if (this.closed) {
      queue.end(this.error);
      return queue;
    }
    for (const [key, update] of this.byKey) queue.push(key, update);
    this.queues.add(queue);
    return queue;
  }

  unsubscribe(): void {
    this.end();
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  deliver(key: string, update: U): void {
    if (this.closed) return;
    this.byKey.set(key, update);
    this.latest = update;
    for (const queue of this.queues) queue.push(key, update);
    this.listeners.emit('update', update);
  }

  missed(gap: Gap): void {
    this.listeners.emit('gap', gap);
  }

  abstract acknowledged(room: string): void;

  abstract checkStaleness(product: string | undefined): void;

  reset(): void {
    this.latest = undefined;
    this.byKey.clear();
    for (const queue of this.queues) queue.clear();
    this.listeners.emit('reset', undefined);
  }

  end(error?: SubscriptionError): void {
    if (this.closed) return;
    this.closed = true;
    this.error = error;
    this.options.release(this);
    const reason = error ?? new SubscriptionError('CLOSED', 'Closed before the gateway had answered');
    this.rejectReady(reason);
    this.ended?.(reason);
    for (const queue of this.queues) queue.end(error);
    this.queues.clear();
    if (error) this.listeners.emit('error', error);
    this.listeners.clear();
  }

  /** Called before listeners get the error, if there is one. */
  protected ended?(reason: SubscriptionError): void;

  /** Reports a change of a product, or of the portfolio. */
  protected report(product: string, now: S): void {
    if (now.stale === this.said.get(product)) return;
    this.said.set(product, now.stale);
    this.listeners.emit('stale', now);
  }
}
