import {
  type ClientLimits,
  type Connected,
  type ErrorCode,
  type ErrorPayload,
  GENERAL_ROOM,
  PORTFOLIO_ROOM,
  type RequestRejection,
  type RoomAddress,
  roomAddress,
  roomName,
  baseRoom,
  type SubscribeRequest,
  type SubscriptionAcknowledgement,
  type Timestamp,
} from './contract/index.js';
import { backoffMs } from './backoff.js';
import { type Clock, soon, type Timer } from './clock.js';
import { SubscriptionError } from './errors.js';
import type { Answer } from './link.js';
import type { MessageBudget } from './message-budget.js';
import { fitsWith, requestOf } from './room-request.js';
import { baseOf, isViewIgnored, NO_VIEWS, productOf, symbolOf } from './streams.js';

/** Errors after which the same request may succeed later. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RATE_LIMITED',
  'SLOW_CLIENT',
  'AUTH_UNAVAILABLE',
  'INTERNAL_ERROR',
]);
/** Errors after which some rooms may be granted later, and the others at once. */
const POSTPONING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['TOO_MANY_SUBSCRIPTIONS', 'TOO_MANY_VIEWS']);
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10_000;
/** After so many requests in a row without a response, the connection counts as dead. */
const MAX_UNANSWERED = 2;

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
  /**
   * The gateway rejects the room until it knows the product, or has fewer views. The room is
   * requested again later.
   */
  readonly postponed: (room: string, error: SubscriptionError) => void;
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
  /** Rooms that the request under way leaves, because it joins other views of them. */
  private replaced: readonly string[] = [];
  /** How many joined rooms belong to a product, or to `general` as ''. */
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
    return this.joined.has(room) || this.replaced.includes(room);
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

  /** Whether the connection is in a room of the product, or in `general` or a view of it. */
  hears(product = ''): boolean {
    return this.products.has(product);
  }

  /**
   * The gateway says that the client has left a room. Returns `false` if the client had asked to
   * leave it.
   * @param message the gateway's, with the reason
   */
  left(room: string, message: string): boolean {
    if (!this.joined.has(room)) return false;
    this.leave(room);
    if (this.options.wanted.has(room))
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
    else this.replace(batch);
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
    const { replaced } = this;
    this.replaced = [];
    // Without an answer the client may have left them. It then leaves them again.
    if (result.kind === 'timeout' || !result.answer.ok) for (const room of replaced) this.enter(room);
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
      if (result.answer.ok) this.granted(batch, result.answer);
      else this.refused(batch, result.answer.error);
    }
    // The callbacks may have stopped it.
    if (this.state === 'asking') this.step();
  }

  private granted(
    batch: readonly RoomAddress[],
    { rooms, suggestions = {} }: SubscriptionAcknowledgement,
  ): void {
    for (const address of batch) {
      const isIgnored = isViewIgnored(address, rooms);
      // A gateway that is too old for views has joined the client to the room itself.
      const room = isIgnored ? baseRoom(address) : roomName(address);
      this.enter(room);
      if (isIgnored) this.options.refused(roomName(address), new SubscriptionError('INVALID_VIEW', NO_VIEWS));
      if (this.isWanted(room) || !isIgnored) this.options.joined(room, suggestions[symbolOf(address) ?? '']);
    }
  }

  /**
   * One invalid room makes the gateway reject the whole request. Unless the error names that room,
   * the halves are requested separately.
   */
  private refused(batch: readonly RoomAddress[], error: ErrorPayload): void {
    if (POSTPONING.has(error.code) && error.retry_after_ms !== undefined) {
      this.postpone(batch.map(roomName), error, error.retry_after_ms);
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
  private postpone(batch: readonly string[], error: ErrorPayload, ms: number): void {
    const named = batch.filter((room) => error.rooms?.includes(room));
    const due = this.options.clock.now() + ms * (1 + this.options.random() / 10);
    for (const room of named.length > 0 ? named : batch) {
      this.postponed.set(room, due);
      this.options.postponed(room, SubscriptionError.of(error));
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
    const unwanted = [...this.joined].filter((room) => !this.isWanted(room));
    if (unwanted.length === 0) return [];
    // Another view of the room is requested first, which may replace this one.
    const due = new Set([...this.options.wanted.keys()].filter((room) => this.isDue(room)).map(baseOf));
    const rooms = unwanted.filter((room) => !due.has(baseOf(room)));
    return this.batchOf(rooms.flatMap((room) => roomAddress(room) ?? []));
  }

  private joining(): RoomAddress[] {
    while (this.suspects.length > 0) {
      const part = this.suspects.pop()!.filter((address) => this.isDue(roomName(address)));
      if (part.length > 0) return part;
    }
    const due = [...this.options.wanted].flatMap(([room, address]) => (this.isDue(room) ? address : []));
    const isGeneral = ({ type }: RoomAddress): boolean => type === 'general';
    const others = due.filter((address) => !isGeneral(address));
    if (others.length > 0) {
      // In a view, newer prices could arrive before those that were missed in the room itself.
      const rooms = others.filter(({ view }) => !view);
      return this.batchOf(rooms.length > 0 ? rooms : others);
    }
    // `general` comes last for the same reason.
    if (this.isDue(GENERAL_ROOM)) return [{ type: 'general' }];
    return due.slice(0, 1);
  }

  private isDue(room: string): boolean {
    return this.isMissing(room) && (this.postponed.get(room) ?? 0) <= this.options.clock.now();
  }

  private isMissing(room: string): boolean {
    const isAsked = this.options.wanted.has(room) || (this.addsGeneral && room === GENERAL_ROOM);
    return isAsked && !this.joined.has(room);
  }

  private isWanted(room: string): boolean {
    return this.options.wanted.has(room) || (this.options.keepGeneral && room === GENERAL_ROOM);
  }

  /**
   * Leaves the other views of the rooms of a batch together with the request for it. Only if no
   * handle needs any of them.
   */
  private replace(batch: readonly RoomAddress[]): void {
    const bases = new Set(batch.map(baseRoom));
    const others = [...this.joined].filter((room) => bases.has(baseOf(room)));
    if (others.some((room) => this.isWanted(room))) return;
    this.replaced = others;
    for (const room of others) this.leave(room);
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
    const asked = requestOf(batch);
    const request = this.replaced.length > 0 ? { ...asked, replace: true } : asked;
    const since = batch.flatMap((address) => {
      const room = roomName(address);
      const symbol = symbolOf(address);
      if (symbol === undefined || !this.resuming.has(room)) return [];
      const time = this.options.sinceOf?.(address);
      this.resumeFrom(room, time);
      return time === undefined ? [] : [[symbol, time] as const];
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
    this.count(room, 1);
  }

  private leave(room: string): void {
    if (!this.joined.delete(room)) return;
    this.count(room, -1);
  }

  private count(room: string, by: number): void {
    if (room === PORTFOLIO_ROOM) return;
    const product = productOf(room) ?? '';
    const rooms = (this.products.get(product) ?? 0) + by;
    if (rooms > 0) this.products.set(product, rooms);
    else this.products.delete(product);
  }
}
