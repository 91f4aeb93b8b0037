import {
  type ClientLimits,
  type Connected,
  type ErrorCode,
  type ErrorPayload,
  GENERAL_ROOM,
  type RequestRejection,
  type RoomAddress,
  roomAddress,
  roomName,
  type SubscribeRequest,
  type SubscriptionAcknowledgement,
  type Timestamp,
} from './contract/index.js';
import { backoffMs } from './backoff.js';
import { type Clock, soon, type Timer } from './clock.js';
import { SubscriptionError } from './errors.js';
import type { Answer } from './link.js';
import type { MessageBudget } from './message-budget.js';

/** Errors after which the same request may succeed later. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RATE_LIMITED',
  'SLOW_CLIENT',
  'AUTH_UNAVAILABLE',
  'INTERNAL_ERROR',
]);
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10_000;
/** After so many requests in a row without a response, the connection counts as dead. */
const MAX_UNANSWERED = 2;

type Suggestions = SubscriptionAcknowledgement['suggestions'];

export interface RoomSyncOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** The wanted rooms, in the order of the subscriptions. */
  readonly wanted: ReadonlyMap<string, RoomAddress>;
  /** Whether to stay in `general` if the gateway adds the client to it. */
  readonly keepGeneral: boolean;
  /**
   * The time of the newest price that the client has of a room, to resume it from there. Undefined
   * if the client does not resume.
   */
  readonly sinceOf: ((address: RoomAddress) => Timestamp | undefined) | undefined;
  readonly ask: (
    event: 'subscribe' | 'unsubscribe',
    request: SubscribeRequest,
    done: (answer: Answer<SubscriptionAcknowledgement | RequestRejection>) => void,
  ) => void;
  /** @param suggestion the known product that may have been meant instead of an unknown one */
  readonly joined: (room: string, suggestion: string | undefined) => void;
  readonly refused: (room: string, error: SubscriptionError) => void;
  /** The gateway rejects the room until it knows the product. The room is requested again later. */
  readonly postponed: (room: string) => void;
  /** The connection is in all wanted rooms, and in no others. */
  readonly settled: () => void;
  readonly unanswered: () => void;
}

/**
 * Brings one connection into the wanted rooms, with one request at a time. A change during a
 * request or while the client is offline becomes part of the next request. A room that is added and
 * removed within one turn is never requested.
 */
export class RoomSync {
  private readonly joined = new Set<string>();
  /** How many joined rooms belong to a product. */
  private readonly products = new Map<string, number>();
  /** Parts of a rejected batch, to be requested separately. The last one is the next. */
  private readonly suspects: RoomAddress[][] = [];
  /**
   * Rooms that the gateway currently rejects, with the time of the next request, in ms of the
   * clock.
   */
  private readonly postponed = new Map<string, number>();
  /**
   * Rooms that the client had updates of before this connection, and has not joined on it yet, each
   * with the time that the last request for it named.
   */
  private readonly resuming = new Map<string, Timestamp>();
  /** Whether to join `general`, which the client has kept off until the other rooms are resumed. */
  private addsGeneral = false;
  private limits: ClientLimits | undefined;
  private budget: MessageBudget | undefined;
  private state: 'idle' | 'scheduled' | 'asking' | 'waiting' | 'stopped' = 'idle';
  private timer: Timer | undefined;
  private failures = 0;
  private unanswered = 0;

  constructor(private readonly options: RoomSyncOptions) {}

  start({ rooms, limits }: Connected, budget: MessageBudget): void {
    this.limits = limits;
    this.budget = budget;
    for (const room of rooms) this.enter(room);
    const { sinceOf, wanted, keepGeneral } = this.options;
    if (sinceOf) {
      this.addsGeneral = keepGeneral;
      for (const [room, address] of wanted) this.resumeFrom(room, sinceOf(address));
    }
    this.schedule();
  }

  stop(): void {
    this.state = 'stopped';
    this.timer?.cancel();
  }

  /** The wanted rooms have changed. */
  schedule(): void {
    if (this.state !== 'idle' || !this.limits) return;
    this.state = 'scheduled';
    soon(() => this.state === 'scheduled' && this.step());
  }

  isIn(room: string): boolean {
    return this.joined.has(room);
  }

  /**
   * The gateway has joined the client to a room. Returns the time from which the client has asked to
   * resume the room, if it has.
   */
  resumed(room: string): Timestamp | undefined {
    const since = this.resuming.get(room);
    this.resuming.delete(room);
    return since;
  }

  /** Whether the connection is in a room of the product. */
  hears(product: string): boolean {
    return this.products.has(product);
  }

  /**
   * The gateway says that the client has left a room. Returns `false` if the client had asked to
   * leave it.
   */
  left(room: string): boolean {
    if (!this.joined.has(room)) return false;
    this.leave(room);
    if (!this.options.wanted.has(room)) return true;
    const message = `Unsubscribed from ${room}: the token does not allow it`;
    this.options.refused(room, new SubscriptionError('FORBIDDEN', message));
    return true;
  }

  private step(): void {
    this.timer?.cancel();
    const leaving = this.leaving();
    const batch = leaving.length > 0 ? leaving : this.joining();
    if (batch.length === 0) {
      this.rest();
      return;
    }
    const wait = this.budget!.waitMs();
    if (wait > 0) {
      this.wait(wait);
      return;
    }
    this.budget!.take();
    this.state = 'asking';
    const event = leaving.length > 0 ? 'unsubscribe' : 'subscribe';
    if (event === 'unsubscribe') for (const address of batch) this.leave(roomName(address));
    const request = event === 'subscribe' ? this.subscribeTo(batch) : requestOf(batch);
    this.options.ask(event, request, (answer) => this.answered(event, batch, answer));
  }

  /**
   * Every room that is available now has been joined. This changes with the wanted rooms, or when a
   * postponed room is due.
   */
  private rest(): void {
    this.state = 'idle';
    for (const room of this.postponed.keys()) if (!this.isMissing(room)) this.postponed.delete(room);
    if (this.postponed.size > 0) {
      const { clock } = this.options;
      const due = [...this.postponed.values()].reduce((one, other) => Math.min(one, other));
      this.timer = clock.after(Math.max(0, due - clock.now()), () => this.schedule());
    }
    this.options.settled();
  }

  private answered(
    event: 'subscribe' | 'unsubscribe',
    batch: readonly RoomAddress[],
    result: Answer<SubscriptionAcknowledgement | RequestRejection>,
  ): void {
    if (this.state !== 'asking' || result.kind === 'lost') return;
    if (result.kind === 'timeout') {
      this.unanswered += 1;
      if (this.unanswered >= MAX_UNANSWERED) this.options.unanswered();
      else this.retry(event, batch, undefined);
      return;
    }
    this.unanswered = 0;
    if (!result.answer.ok && PASSING.has(result.answer.error.code)) {
      this.retry(event, batch, result.answer.error);
      return;
    }
    this.failures = 0;
    if (event === 'subscribe') {
      if (result.answer.ok) this.granted(batch, result.answer.suggestions);
      else this.refused(batch, result.answer.error);
    }
    // The callbacks may have stopped it.
    if (this.state === 'asking') this.step();
  }

  private granted(batch: readonly RoomAddress[], suggestions: Suggestions = {}): void {
    for (const address of batch) {
      const room = roomName(address);
      this.enter(room);
      this.options.joined(room, address.type === 'general' ? undefined : suggestions[address.symbol]);
    }
  }

  /**
   * One invalid room makes the gateway reject the whole request. Unless the error names that room,
   * the halves are requested separately.
   */
  private refused(batch: readonly RoomAddress[], error: ErrorPayload): void {
    if (error.code === 'TOO_MANY_SUBSCRIPTIONS' && error.retry_after_ms !== undefined) {
      this.postpone(batch.map(roomName), error.retry_after_ms, error.rooms);
      return;
    }
    if (batch.length === 1) {
      if (batch[0]!.type === 'general') this.addsGeneral = false;
      this.options.refused(roomName(batch[0]!), SubscriptionError.of(error));
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    this.suspects.push(batch.slice(middle), batch.slice(0, middle));
  }

  /** The rest of the batch is requested at once. */
  private postpone(batch: readonly string[], ms: number, rooms: readonly string[] = []): void {
    const named = batch.filter((room) => rooms.includes(room));
    const due = this.options.clock.now() + ms * (1 + this.options.random() / 10);
    for (const room of named.length > 0 ? named : batch) {
      this.postponed.set(room, due);
      this.options.postponed(room);
    }
  }

  private retry(event: string, batch: readonly RoomAddress[], error: ErrorPayload | undefined): void {
    // The client may still be in the room. Without this it would count as left.
    if (event === 'unsubscribe') for (const address of batch) this.enter(roomName(address));
    const { random } = this.options;
    const backoff = backoffMs(++this.failures, RETRY_FIRST_MS, RETRY_MOST_MS, random);
    this.wait(Math.max(backoff, (error?.retry_after_ms ?? 0) * (1 + random() / 10)));
  }

  private wait(ms: number): void {
    this.state = 'waiting';
    this.timer = this.options.clock.after(ms, () => this.step());
  }

  private leaving(): RoomAddress[] {
    const { wanted, keepGeneral } = this.options;
    const rooms = [...this.joined].filter(
      (room) => !wanted.has(room) && !(keepGeneral && room === GENERAL_ROOM),
    );
    return this.batchOf(rooms.flatMap((room) => roomAddress(room) ?? []));
  }

  private joining(): RoomAddress[] {
    const now = this.options.clock.now();
    const isDue = (room: string): boolean => this.isMissing(room) && (this.postponed.get(room) ?? 0) <= now;
    while (this.suspects.length > 0) {
      const part = this.suspects.pop()!.filter((address) => isDue(roomName(address)));
      if (part.length > 0) return part;
    }
    const due = [...this.options.wanted].filter(([room]) => room !== GENERAL_ROOM && isDue(room));
    // `general` comes last: in it, newer prices could arrive before those that were missed.
    if (due.length === 0 && isDue(GENERAL_ROOM)) return [{ type: 'general' }];
    return this.batchOf(due.map(([, address]) => address));
  }

  private isMissing(room: string): boolean {
    const isWanted = this.options.wanted.has(room) || (this.addsGeneral && room === GENERAL_ROOM);
    return isWanted && !this.joined.has(room);
  }

  /** The first room, and those that fit into one request with it. */
  private batchOf(addresses: readonly RoomAddress[]): RoomAddress[] {
    const [first] = addresses;
    if (!first || !this.limits) return [];
    const { max_symbols_per_request, max_payload_bytes, max_symbol_length } = this.limits;
    // Half of the payload is reserved for the text around the symbols.
    const texts = this.options.sinceOf ? 3 : 1; // the symbol again in `since`, and its time
    const bytes = Math.floor(max_payload_bytes / 2 / (max_symbol_length + 3) / texts);
    const most = Math.max(1, Math.min(max_symbols_per_request, bytes));
    return addresses.filter((address) => fitsWith(address, first)).slice(0, most);
  }

  /** The request for a batch, which resumes those of its rooms that the client has updates of. */
  private subscribeTo(batch: readonly RoomAddress[]): SubscribeRequest {
    const request = requestOf(batch);
    const since = batch.flatMap((address) => {
      const room = roomName(address);
      if (address.type === 'general' || !this.resuming.has(room)) return [];
      const time = this.options.sinceOf?.(address);
      this.resumeFrom(room, time);
      return time === undefined ? [] : [[address.symbol, time] as const];
    });
    return since.length > 0 ? { ...request, since: Object.fromEntries(since) } : request;
  }

  private resumeFrom(room: string, time: Timestamp | undefined): void {
    if (time === undefined) this.resuming.delete(room);
    else this.resuming.set(room, time);
  }

  private enter(room: string): void {
    if (this.joined.has(room)) return;
    this.joined.add(room);
    const product = productOf(room);
    if (product !== undefined) this.products.set(product, (this.products.get(product) ?? 0) + 1);
  }

  private leave(room: string): void {
    if (!this.joined.delete(room)) return;
    const product = productOf(room);
    if (product === undefined) return;
    const left = this.products.get(product)! - 1;
    if (left > 0) this.products.set(product, left);
    else this.products.delete(product);
  }
}

function fitsWith(one: RoomAddress, other: RoomAddress): boolean {
  if (one.type !== other.type) return false;
  return one.type !== 'chain' || other.type !== 'chain' || one.expiry === other.expiry;
}

function requestOf(batch: readonly RoomAddress[]): SubscribeRequest {
  const [first] = batch;
  if (first!.type === 'general') return { type: 'general' };
  const symbols = batch.flatMap((address) => (address.type === 'general' ? [] : address.symbol));
  const what = symbols.length === 1 ? { symbol: symbols[0]! } : { symbols };
  return first!.type === 'chain' && first!.expiry !== undefined
    ? { type: first!.type, ...what, expiry: first!.expiry }
    : { type: first!.type, ...what };
}

/** The product of a room of this contract. Undefined for `general`. */
export function productOf(room: string): string | undefined {
  const address = roomAddress(room);
  return address && address.type !== 'general' ? address.symbol : undefined;
}
