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

/** Rooms of one client looked up in the store at a time: who asks for a thousand that nobody knows must not hold up the others. */
const MAX_LOOKUPS_PER_CLIENT = 8;
/** A request is answered in this time; longer than the store takes to answer or to fail, ms. */
const ANSWER_WITHIN_MS = 5_000;

/** The turns of the client that asks: see RequestQueue. */
export interface Turns {
  /** A promise of the client's next turn, where this one is over. */
  pause(): Promise<void> | undefined;
  /** What memory has was sent, and the store is asked for the rest: the client's next request need not wait any longer. */
  done(): void;
}

const ONE_TURN: Turns = { pause: () => undefined, done: () => undefined };

/** One `get_snapshot` on its way. */
interface Asking {
  readonly client: GatewaySocket;
  /** Whether the client may still have what it asked for: its token may be another by the time that Redis answers. */
  readonly mayHave: (address: SnapshotAddress) => boolean;
  /** The time is up, and the client was told so. */
  over: boolean;
}

/** Answers `get_snapshot`: each room's newest messages, whether its product is stale, and a `snapshot` that closes it. */
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
   * What is in memory is sent in this turn, or room by room in as many turns as that takes; the rest as the store answers.
   * @throws RequestError where a room could not be looked up: that nothing is known of it would not be true
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
    for (const message of messages) this.sender.send(client, message);
    this.freshness.notify(client.id, address, messages);
    return this.close(client, address, messages.length, known, 'memory');
  }

  private async fromStore(asking: Asking, address: SnapshotAddress): Promise<RoomSnapshot | undefined> {
    const { client } = asking;
    const { changes } = this.freshness;
    const wanted = () => !asking.over && client.connected && asking.mayHave(address);
    // Those that nobody waits for any more cost the store nothing.
    const messages = await this.limitOf(client).run(async () =>
      wanted() ? this.cache.find(address) : undefined,
    );
    if (!messages) return undefined;
    const sends = wanted();
    // Who is gone does not get them, but they are in memory now, and their age must be known before the next one asks.
    const sent = sends ? Math.min(messages.length, this.config.maxChainsPerSnapshot) : 0;
    for (const [index, message] of messages.entries()) {
      this.freshness.observeFetched(message, () => index < sent && this.sender.send(client, message));
    }
    if (!sends) return undefined;
    // That they made the product stale is said in a microtask.
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

  /** Of a client no more rooms wait than it may subscribe to; those of one request always do. */
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
