import { GatewayProcess } from '../support/gateway-process.js';
import { RedisServer } from '../support/redis-server.js';
import { claims, hs256, JWT_SECRET } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';
import { PortfolioStream } from './support/portfolio-stream.js';

const REPLICAS = 3;
const USERS_PER_REPLICA = 5_000;
const CONNECTING_AT_ONCE = 200;
const WITHIN_MS = 60_000;
/** Every tenth user is on another replica too. */
const ON_TWO = 10;

jest.setTimeout(240_000);

let redis: RedisServer;
let replicas: GatewayProcess[];
let streams: PortfolioStream[] = [];

beforeAll(async () => {
  redis = await RedisServer.start();
  replicas = await Promise.all(
    Array.from({ length: REPLICAS }, () =>
      GatewayProcess.start({
        REDIS_URL: redis.url,
        AUTH_MODE: 'required',
        JWT_SECRET,
        SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
        MAX_EVENT_LOOP_DELAY_MS: '0', // the machine may be busy, and none of these clients tries again
        HANDSHAKES_PER_SECOND: '100000',
      }),
    ),
  );
  for (const replica of replicas) await replica.ready();
});

afterAll(async () => {
  for (const stream of streams) stream.close();
  await redis.stop();
});

const channelOf = (user: string): string => `enriched:portfolio:${user}`;

const placed: { readonly user: string; readonly replica: number; readonly stream: PortfolioStream }[] = [];

async function subscriptions(): Promise<Map<string, number>> {
  const channels = (await redis.client.pubsub('CHANNELS', channelOf('*'))) as string[];
  const counts = new Map<string, number>();
  for (let from = 0; from < channels.length; from += 1_000) {
    const answer = await redis.client.pubsub('NUMSUB', ...channels.slice(from, from + 1_000));
    for (let n = 0; n < answer.length; n += 2)
      counts.set(String(answer[n]).slice(channelOf('').length), Number(answer[n + 1]));
  }
  return counts;
}

async function expectExact(): Promise<void> {
  const live = new Set(streams);
  const expected = new Map<string, Set<number>>();
  for (const { user, replica, stream } of placed)
    if (live.has(stream)) expected.set(user, (expected.get(user) ?? new Set()).add(replica));
  let wrong = '';
  await waitFor(
    async () => {
      const held = await subscriptions();
      const users = [...new Set([...expected.keys(), ...held.keys()])];
      const differing = users.filter((user) => (held.get(user) ?? 0) !== (expected.get(user)?.size ?? 0));
      wrong = `${differing.length} users have another number of subscriptions, such as ${differing[0]}`;
      return differing.length === 0;
    },
    () => wrong,
    WITHIN_MS,
  );
}

let published = 0;

/** Publishes one portfolio of each user, and waits until each stream has it. */
async function expectDelivered(): Promise<void> {
  const n = ++published;
  const timestamp = new Date(Date.parse('2026-11-29T10:00:00Z') + n).toISOString();
  const pipeline = redis.client.pipeline();
  for (const user of new Set(streams.map((stream) => stream.user)))
    pipeline.publish(channelOf(user), JSON.stringify({ user_id: user, timestamp, n }));
  await pipeline.exec();
  let behind = 0;
  await waitFor(
    () => (behind = streams.filter(({ numbers }) => numbers.at(-1) !== n).length) === 0,
    () => `${behind} of ${streams.length} streams lack portfolio ${n}`,
    WITHIN_MS,
  );
}

async function connect(user: string, replica: number): Promise<void> {
  const token = hs256(claims({ user_id: user }));
  const stream = PortfolioStream.open(replicas[replica]!.port, user, token);
  streams.push(stream);
  placed.push({ user, replica, stream });
  await waitFor(() => stream.isReady || stream.isClosed, `${user} is not let in`, WITHIN_MS);
  if (stream.isClosed) throw new Error(`${user} was refused`);
}

it('subscriptions follow the clients of 3 x 5,000 users exactly, and return to zero', async () => {
  const empty = await Promise.all(replicas.map((replica) => replica.metric('process_resident_memory_bytes')));
  const users = Array.from({ length: REPLICAS * USERS_PER_REPLICA }, (_, n) => ({ name: `user-${n}`, n }));
  const due = users.flatMap(({ name, n }) => [
    { name, replica: n % REPLICAS },
    ...(n % ON_TWO === 0 ? [{ name, replica: (n + 1) % REPLICAS }] : []),
  ]);
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTING_AT_ONCE }, async () => {
      for (let at = next++; at < due.length; at = next++) await connect(due[at]!.name, due[at]!.replica);
    }),
  );
  const connectedS = (performance.now() - begun) / 1_000;
  await expectExact();
  await expectDelivered();
  await expectDelivered();
  const full = await Promise.all(replicas.map((replica) => replica.metric('process_resident_memory_bytes')));
  process.stderr.write(
    `portfolios: ${due.length} streams of ${users.length} users in ${connectedS.toFixed(1)} s; ` +
      `${((full[0]! - empty[0]!) / streams.filter((_, n) => placed[n]!.replica === 0).length / 1_024).toFixed(1)} KB each\n`,
  );

  // Two of three clients leave, in no order that the replicas know.
  const leaving = streams.filter((_, n) => (n * 7_919) % 3 !== 0);
  for (const stream of leaving) stream.close();
  const left = new Set(leaving);
  streams = streams.filter((stream) => !left.has(stream));
  await expectExact();
  await expectDelivered();

  // All replicas lose their subscriptions.
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await expectExact();
  await expectDelivered();

  for (const stream of streams) {
    expect(stream.numbers).toEqual(Array.from({ length: published }, (_, n) => n + 1));
    expect(stream.strange).toEqual([]);
  }
  for (const stream of streams) stream.close();
  streams = [];
  await expectExact();
  expect((await subscriptions()).size).toBe(0);
  for (const replica of replicas) {
    await waitFor(async () => (await replica.metric('socket_gateway_connections')) === 0);
    expect(await replica.metric('socket_gateway_portfolio_users')).toBe(0);
  }
});
