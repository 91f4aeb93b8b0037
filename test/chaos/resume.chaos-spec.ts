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

interface Price {
  readonly n: number;
  /** When it arrived, ms since the epoch. */
  readonly at: number;
}

/** What one client knows about one product. */
interface Series {
  /** Prices without a gap, in parts: each part begins after a gap that the gateway has reported. */
  readonly parts: Price[][];
}

interface NotRecovered {
  readonly symbol: string;
  readonly since: number;
}

let redis: RedisServer;
const replicas: GatewayProcess[] = [];
/** By symbol: the numbers of the prices that were published. */
const published: Record<string, number[]> = Object.fromEntries(SYMBOLS.map((symbol) => [symbol, []]));
const notRecovered: NotRecovered[] = [];
let count = 0;
let publishing = true;
let sent: Promise<unknown> = Promise.resolve();
let reconnects = 0;
let recovered = 0;

async function publish(): Promise<void> {
  if (!publishing) return;
  const symbol = SYMBOLS[below(SYMBOLS.length)]!;
  const n = ++count;
  published[symbol]!.push(n);
  sent = redis.client.publish(UNDERLYING, JSON.stringify(underlying(symbol, n)));
  await sent;
}

async function startReplica(): Promise<GatewayProcess> {
  const replica = await GatewayProcess.start({ REDIS_URL: redis.url, CACHE_WRITE_INTERVAL_MS: '200' });
  await replica.ready();
  replicas.push(replica);
  return replica;
}

/** A client that reconnects to any replica, and resumes from the newest update that it has. */
class ResumingClient {
  readonly series = new Map<string, Series>(SYMBOLS.map((symbol) => [symbol, { parts: [] }]));
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
    for (const [symbol, { parts }] of this.series) {
      const last = parts.at(-1)?.at(-1);
      if (last) since[symbol] = timestampOf(last.n);
    }
    socket.on('subscribed', (confirmed: SubscriptionConfirmed) => this.subscribed(confirmed));
    socket.on('feed_gap', (gap: FeedGap) => this.lost(Date.parse(gap.since)));
    socket.on('underlying_update', ({ product, price }: UnderlyingUpdate) => {
      const { parts } = this.series.get(product)!;
      if (parts.length === 0) parts.push([]);
      parts.at(-1)!.push({ n: price, at: Date.now() });
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

  /** Any price that arrived during the gap may follow one that was lost. */
  private lost(since: number): void {
    for (const { parts } of this.series.values()) {
      const during = (parts.at(-1) ?? []).findIndex(({ at }) => at >= since);
      if (during >= 0) parts.at(-1)!.splice(during);
      parts.push([]);
    }
  }

  private subscribed({ room, recovered: isRecovered }: SubscriptionConfirmed): void {
    const symbol = room.split(':')[1]!;
    const { parts } = this.series.get(symbol)!;
    if (isRecovered) {
      recovered++;
      return;
    }
    const since = parts.at(-1)?.at(-1)?.n;
    if (isRecovered === false && since !== undefined) notRecovered.push({ symbol, since });
    parts.push([]);
  }
}

async function run(client: ResumingClient, until: () => boolean): Promise<void> {
  while (!until()) {
    await client.session(100 + below(700));
    await new Promise((resolve) => setTimeout(resolve, below(500)));
  }
}

/** Checks that a client has received every price of each part once and in order. */
function checkSeries(client: ResumingClient): void {
  for (const [symbol, { parts }] of client.series) {
    for (const part of parts) {
      const numbers = part.map(({ n }) => n);
      if (numbers.length === 0) continue;
      const from = published[symbol]!.indexOf(numbers[0]!);
      expect(numbers).toEqual(published[symbol]!.slice(from, from + part.length));
    }
  }
}

it('resumes without a loss or a duplicate while replicas are killed and the writer changes', async () => {
  redis = await RedisServer.start();
  for (let n = 0; n < 3; n++) await startReplica();
  repeat(() => publish(), 5);
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
  for (const { since } of notRecovered) expect(since).toBeLessThanOrEqual(lastLost);
  clients.forEach(checkSeries);
  expect(recovered).toBeGreaterThan(RECONNECTS);
  await Promise.all(replicas.map((replica) => replica.stop()));
  await redis.stop();
}, 180_000);
