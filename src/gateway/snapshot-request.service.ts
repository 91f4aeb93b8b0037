import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, delay } from '../common/clock.js';
import { CacheService } from '../cache/cache.service.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { roomName, type RoomSnapshot, type SnapshotAddress } from '../contract/index.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { FreshnessService } from '../freshness/freshness.service.js';
import { ConcurrencyLimit } from '../common/concurrency-limit.js';
import { GatewayMetrics } from './gateway.metrics.js';
import { forbidden, snapshotUnavailable } from './request-error.js';
import { SnapshotSender } from './snapshot-sender.js';

/**
 * The most rooms of one client that are looked up in the store at a time. A client that asks for a
 * thousand unknown rooms must not delay other clients.
 */
const MAX_LOOKUPS_PER_CLIENT = 8;
/** The time limit of a request, ms. It is longer than the store takes to return or to fail. */
const ANSWER_WITHIN_MS = 5_000;

/** The turns of the client that sent the request: see RequestQueue. */
export interface Turns {
  /** Returns a promise of the next turn of the client; undefined if its turn is not over. */
  pause(): Promise<void> | undefined;
  /**
   * Called when the snapshots from memory are sent, and the store has been asked for the rest. The
   * next request of the client may then start.
   */
  done(): void;
}

const ONE_TURN: Turns = { pause: () => undefined, done: () => undefined };

/** A `get_snapshot` request in progress. */
interface Asking {
  readonly client: GatewaySocket;
  /**
   * Returns true if the client may still see a room: its token may have been replaced while Redis
   * was asked.
   */
  readonly mayHave: (address: SnapshotAddress) => boolean;
  /** True once the request has ended, so that late results of the store are not sent. */
  over: boolean;
}

/**
 * Handles `get_snapshot`: sends the newest messages of each room, the status of stale products, and
 * a `snapshot` that ends the response for the room.
 */
@Injectable()
export class SnapshotRequestService {
  private readonly lookups = new WeakMap<GatewaySocket, ConcurrencyLimit>();

  constructor(
    private readonly config: GatewayConfig,
    private readonly cache: CacheService,
    private readonly freshness: FreshnessService,
    private readonly sender: SnapshotSender,
    private readonly metrics: GatewayMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Sends the snapshots in memory in this turn, or over several turns if they are many. Sends the
   * rest as soon as the store returns them.
   * @throws RequestError if a room could not be looked up: the gateway must not claim that nothing
   * is known about it
   */
  async answer(
    client: GatewaySocket,
    addresses: readonly SnapshotAddress[],
    mayHave: Asking['mayHave'],
    turns = ONE_TURN,
  ): Promise<readonly RoomSnapshot[]> {
    const asking: Asking = { client, mayHave, over: false };
    const timer = new AbortController();
    const timeUp = delay(this.clock, ANSWER_WITHIN_MS, timer.signal).then(() => undefined);
    const answers: (RoomSnapshot | Promise<RoomSnapshot | undefined> | undefined)[] = [];
    for (const address of addresses) {
      const pause = turns.pause();
      if (pause) await pause;
      answers.push(
        client.connected ? (this.fromMemory(asking, address) ?? this.fromStore(asking, address)) : undefined,
      );
    }
    turns.done();
    const found = await Promise.all(answers.map((answer) => Promise.race([answer, timeUp])));
    timer.abort();
    asking.over = true;
    const lacking = addresses.filter((_, index) => !found[index]);
    const lost = lacking.filter((address) => !mayHave(address));
    if (lost.length > 0 && client.connected)
      throw forbidden('Your new token does not allow this request. Ask for other rooms.', lost.map(roomName));
    if (lacking.length === 0 || !client.connected) return found.filter((snapshot) => snapshot !== undefined);
    this.metrics.snapshotRooms.inc({ source: 'unavailable' }, lacking.length);
    throw snapshotUnavailable(lacking.map(roomName));
  }

  private fromMemory({ client }: Asking, address: SnapshotAddress): RoomSnapshot | undefined {
    const { messages, known, complete } = this.cache.nearest(address, this.config.maxChainsPerSnapshot);
    if (!complete) return undefined;
    for (const message of messages) this.sender.send(client, message, address.view);
    this.freshness.notify(client.id, address, messages);
    return this.close(client, address, messages.length, known, 'memory');
  }

  private async fromStore(asking: Asking, address: SnapshotAddress): Promise<RoomSnapshot | undefined> {
    const { client } = asking;
    const { changes } = this.freshness;
    const wanted = () => !asking.over && client.connected && asking.mayHave(address);
    // Skip the look-up if the client no longer waits for it.
    const messages = await this.limitOf(client).run(async () =>
      wanted() ? this.cache.find(address) : undefined,
    );
    if (!messages) return undefined;
    const sends = wanted();
    // Observe the messages even if the client has disconnected: they are in memory now, so their
    // age must be known before the next request.
    const sent = sends ? Math.min(messages.length, this.config.maxChainsPerSnapshot) : 0;
    for (const [index, message] of messages.entries()) {
      this.freshness.observeFetched(
        message,
        () => index < sent && this.sender.send(client, message, address.view),
      );
    }
    if (!sends) return undefined;
    // A change of the status is sent in a microtask: let it run first.
    await Promise.resolve();
    this.freshness.notifyRequester(client, address, messages, changes);
    return this.close(client, address, sent, messages.length, messages.length > 0 ? 'store' : 'nowhere');
  }

  private close(
    client: GatewaySocket,
    address: SnapshotAddress,
    updates: number,
    known: number,
    source: 'memory' | 'store' | 'nowhere',
  ): RoomSnapshot {
    const snapshot: RoomSnapshot = {
      room: roomName(address),
      updates,
      ...(known > updates && { available: known }),
    };
    this.sender.close(client, snapshot);
    this.metrics.snapshotRooms.inc({ source });
    return snapshot;
  }

  /**
   * The queue of a client holds at most as many rooms as it may subscribe to, but at least those of
   * one request.
   */
  private limitOf(client: GatewaySocket): ConcurrencyLimit {
    let limit = this.lookups.get(client);
    if (!limit) {
      const { maxSubscriptions, maxSymbolsPerRequest } = this.config;
      limit = new ConcurrencyLimit(MAX_LOOKUPS_PER_CLIENT, Math.max(maxSubscriptions, maxSymbolsPerRequest));
      this.lookups.set(client, limit);
    }
    return limit;
  }
}
