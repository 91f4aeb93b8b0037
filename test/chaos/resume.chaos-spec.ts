import type { Socket } from 'socket.io-client';
import type { FeedGap, SubscriptionConfirmed, UnderlyingUpdate } from '../../src/contract/index.js';
import { cleanUp, repeat } from '../support/cleanup.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { seededRandom } from '../support/manual-clock.js';
import { timestampOf, underlying } from '../support/messages.js';
import { UNDERLYING } from '../support/platform.js';
import { RedisServer } from '../support/redis-server.js';
import { openSocket } from '../support/socket.js';
import { waitFor } from '../support/wait.js';

const SYMBOLS = ['A', 'B', 'C', 'D'];
const CLIENTS = 10;
const RECONNECTS = 200;

const random = seededRandom(11);
const below = (limit: number): number => Math.floor(random() * limit);

/** One price that was published, and when: ms since the epoch, before and after the call. */
interface Published {
  readonly n: number;
  readonly sentAt: number;
  acceptedAt: number;
}

/** What the gateway has told a client it may have missed. */
interface Excuse {
  readonly from: number;
  readonly until: number;
}

/** What one client knows about one product. */
interface Series {
  /** The prices as they came, without the snapshots that repeat or precede what the client has. */
  readonly received: number[];
  readonly excuses: Excuse[];
}

interface NotRecovered {
  readonly symbol: string;
  readonly since: number;
}

/**
 * How much later an update may be received than it is published, ms. `since` of `feed_gap` is the
 * time at which the replica last received something.
 */
const FEED_LAG_MS = 1_000;

let redis: RedisServer;
const replicas: GatewayProcess[] = [];
/** By symbol: the prices that Redis has accepted, in order. */
const published: Record<string, Published[]> = Object.fromEntries(SYMBOLS.map((symbol) => [symbol, []]));
const notRecovered: NotRecovered[] = [];
let count = 0;
let publishing = true;
let sent: Promise<unknown> = Promise.resolve();
let reconnects = 0;
let recovered = 0;

async function publish(): Promise<void> {
  if (!publishing) return;
  const symbol = SYMBOLS[below(SYMBOLS.length)]!;
  const one: Published = { n: ++count, sentAt: Date.now(), acceptedAt: Infinity };
  published[symbol]!.push(one);
  sent = redis.client.publish(UNDERLYING, JSON.stringify(underlying(symbol, one.n)));
  await sent;
  one.acceptedAt = Date.now();
}

/**
 * Starts a replica that clients may connect to once it has received each product. It would not wait
 * long for the first price of a product while this process is stalled, and so publishes nothing.
 */
async function startReplica(): Promise<void> {
  const begun = count;
  const replica = await GatewayProcess.start({
    REDIS_URL: redis.url,
    CACHE_WRITE_INTERVAL_MS: '200',
    FEED_PROBE_AFTER_MS: '60000', // a Redis that stalls is no loss of the feed
  });
  await replica.ready();
  const ready = count;
  await waitFor(() => SYMBOLS.every((symbol) => (published[symbol]!.at(-1)?.n ?? 0) > ready));
  // It has received all of them at the latest when it has received as many as were published meanwhile.
  const meanwhile = count - begun;
  const received = `socket_gateway_feed_messages_total{channel="${UNDERLYING}"}`;
  await waitFor(
    async () => (await replica.metric(received)) >= meanwhile,
    'the replica receives too few prices',
    60_000,
  );
  replicas.push(replica);
}

/** A client that reconnects to any replica, and resumes from the newest update that it has. */
class ResumingClient {
  readonly series = new Map<string, Series>(SYMBOLS.map((symbol) => [symbol, { received: [], excuses: [] }]));
  private socket: Socket | undefined;

  /** Connects to a replica, stays for a while, and disconnects. */
  async session(stayMs: number): Promise<void> {
    const replica = replicas[below(replicas.length)]!;
    const socket = openSocket(replica.url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth: { general: 'off' },
    });
    this.socket = socket;
    const since: Record<string, string> = {};
    /** The products of which the next price is the snapshot. */
    const snapshots = new Set<string>();
    for (const [symbol, { received }] of this.series) {
      const last = received.at(-1);
      if (last !== undefined) since[symbol] = timestampOf(last);
    }
    socket.on('subscribed', ({ room, recovered: isRecovered }: SubscriptionConfirmed) => {
      const symbol = room.split(':')[1]!;
      if (isRecovered) recovered++;
      else snapshots.add(symbol);
      this.subscribed(symbol, isRecovered);
    });
    socket.on('feed_gap', (gap: FeedGap) => {
      const excuse = { from: Date.parse(gap.since) - FEED_LAG_MS, until: Date.parse(gap.until) };
      for (const { excuses } of this.series.values()) excuses.push(excuse);
    });
    socket.on('underlying_update', ({ product, price }: UnderlyingUpdate) => {
      const { received } = this.series.get(product)!;
      const isSnapshot = snapshots.delete(product);
      // The snapshot may repeat what the client has, or be older on a replica that lost its feed.
      if (!isSnapshot || price > (received.at(-1) ?? 0)) received.push(price);
    });
    socket.on('connect', () => socket.emit('subscribe', { type: 'product', symbols: SYMBOLS, since }));
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      socket.on('disconnect', () => resolve());
      socket.on('connect_error', () => resolve());
      timer = setTimeout(resolve, stayMs);
    });
    clearTimeout(timer);
    socket.removeAllListeners();
    socket.disconnect();
    reconnects++;
  }

  close(): void {
    this.socket?.disconnect();
  }

  private subscribed(symbol: string, isRecovered: boolean | undefined): void {
    if (isRecovered) return;
    const { received, excuses } = this.series.get(symbol)!;
    excuses.push({ from: 0, until: Date.now() });
    const since = received.at(-1);
    if (isRecovered === false && since !== undefined) notRecovered.push({ symbol, since });
  }
}

async function run(client: ResumingClient, until: () => boolean): Promise<void> {
  while (!until()) {
    await client.session(100 + below(700));
    await new Promise((resolve) => setTimeout(resolve, below(500)));
  }
}

/**
 * Checks that a client has received prices once and in order, and that it was told about every
 * price that it missed.
 */
function checkSeries({ series }: ResumingClient): void {
  for (const [symbol, { received, excuses }] of series) {
    expect(received).toEqual([...new Set(received)].sort((a, b) => a - b));
    const has = new Set(received);
    const [first, last] = [received[0]!, received.at(-1)!];
    const missed = published[symbol]!.filter(({ n }) => n > first && n < last && !has.has(n));
    const unreported = missed.filter(
      ({ sentAt, acceptedAt }) => !excuses.some(({ from, until }) => acceptedAt >= from && sentAt <= until),
    );
    expect(unreported).toEqual([]);
  }
}

it('resumes without a loss or a duplicate while replicas are killed and the writer changes', async () => {
  redis = await RedisServer.start();
  repeat(() => publish(), 5);
  for (let n = 0; n < 3; n++) await startReplica();
  await waitFor(() => SYMBOLS.every((symbol) => published[symbol]!.length > 20));
  const clients = Array.from({ length: CLIENTS }, () => new ResumingClient());
  clients.forEach((client) => cleanUp(() => client.close()));

  let over = false;
  const running = Promise.all(clients.map((client) => run(client, () => over)));
  for (let kills = 0; reconnects < RECONNECTS; kills++) {
    await waitFor(() => reconnects >= (kills + 1) * 25);
    if (kills % 2 === 0) {
      const [oldest] = replicas.splice(0, 1);
      await oldest!.stop('SIGKILL');
      await startReplica();
    } else {
      await redis.client.del('socket-gateway:latest-writer');
    }
  }
  expect(notRecovered).toEqual([]);

  // An outage of Redis loses the history, and may lose updates. Each is reported.
  const [restarts, before] = [2, reconnects];
  let lastLost = 0;
  for (let restart = 0; restart < restarts; restart++) {
    publishing = false;
    await sent;
    await redis.kill();
    await redis.restart();
    await waitFor(() => redis.client.status === 'ready');
    publishing = true;
    await Promise.all(replicas.map((replica) => replica.ready()));
    lastLost = count;
    await waitFor(() => reconnects >= before + (restart + 1) * 40);
  }
  over = true;
  publishing = false;
  await Promise.all([running, sent]);
  for (const { symbol, since } of notRecovered) {
    // The update before the first one after a loss is unknown, and may have the same timestamp.
    const first = published[symbol]!.find(({ n }) => n > lastLost)!;
    expect(since).toBeLessThanOrEqual(first.n);
  }
  clients.forEach(checkSeries);
  expect(recovered).toBeGreaterThan(RECONNECTS);
  await Promise.all(replicas.map((replica) => replica.stop()));
  await redis.stop();
}, 300_000);
