import { GatewayProcess } from '../support/gateway-process.js';
import { HANDSHAKES } from '../support/handshake.js';
import { RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait.js';
import { attack, type AttackFigures, type AttackName } from './support/attack.js';
import { Survivors, SURVIVORS } from './support/survivors.js';

const SILENT = 3_000;
const ATTEMPTS = 10_000;
const HANDSHAKES_PER_SECOND = 500;
/** Reached in half of the time that the attempts take on a fast machine, at that rate. */
const MAX_CONNECTIONS = 800;
const LASTS_MS = 6_000;
/** A Redis that stalls is no loss of the feed. */
const FEED_PROBE_AFTER_MS = '600000';

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

let redis: RedisServer;
let gateway: GatewayProcess;
let survivors: Survivors;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    HANDSHAKES_PER_SECOND: `${HANDSHAKES_PER_SECOND}`,
    MAX_CONNECTIONS: `${MAX_CONNECTIONS}`,
    FEED_PROBE_AFTER_MS,
  });
  await gateway.ready();
  survivors = await Survivors.start(gateway, redis);
});

afterAll(() => {
  survivors?.stop();
  process.stderr.write(survivors?.report() ?? '');
});

/** Runs one attack to its end, and waits until nothing is left of it. */
async function survive(
  name: string,
  attacked: AttackName,
  count: number,
  ms = LASTS_MS,
): Promise<AttackFigures> {
  const port = gateway.port;
  const all = await survivors.survive({ [name]: () => attack(attacked, { port, count, ms }) });
  await survivors.settle();
  return all[name]!;
}

it('TCP connections that send nothing', async () => {
  const { opened } = await survive('TCP connections that say nothing', 'silent', SILENT);
  expect(opened).toBe(SILENT);
}, 120_000);

it('WebSockets beyond HANDSHAKES_PER_SECOND and MAX_CONNECTIONS', async () => {
  const { tried, letIn, refused } = await survive('WebSockets that enter and stay', 'clients', ATTEMPTS);
  expect(letIn + sum(refused)).toBe(tried);
  expect(letIn).toBe(MAX_CONNECTIONS - SURVIVORS);
  expect(refused.max_connections).toBeGreaterThan(0);
}, 120_000);

it('polling sessions that never join the namespace are closed, so that new clients can connect', async () => {
  const name = 'handshakes by polling, and no more';
  const { tried, letIn, refused } = await survive(name, 'polling handshakes', ATTEMPTS);
  expect(letIn + sum(refused)).toBe(tried);
  expect(refused.rate).toBeGreaterThan(0);
  const closed = async (): Promise<boolean> => (await HANDSHAKES.polling(gateway.url)).status === 200;
  await waitFor(closed, 'no client is accepted', 30_000);
}, 120_000);

describe('one address', () => {
  const PER_ADDRESS = 150;
  const HANDSHAKES_A_MINUTE = 400;
  const BAD_ADDRESS = '127.0.0.66';

  let limited: GatewayProcess;
  let good: Survivors;

  beforeAll(async () => {
    // This gateway uses a separate Redis, so that the feed's numbers start again.
    const other = await RedisServer.start();
    limited = await GatewayProcess.start({
      REDIS_URL: other.url,
      MAX_CONNECTIONS_PER_IP: `${PER_ADDRESS}`,
      HANDSHAKES_PER_IP_PER_MINUTE: `${HANDSHAKES_A_MINUTE}`,
      FEED_PROBE_AFTER_MS,
    });
    await limited.ready();
    good = await Survivors.start(limited, other);
  });

  afterAll(() => {
    good?.stop();
    process.stderr.write(good?.report() ?? '');
  });

  it('is limited to its own connections and handshakes, without affecting other addresses', async () => {
    const options = { port: limited.port, count: ATTEMPTS, ms: LASTS_MS, address: BAD_ADDRESS };
    const { flood } = await good.survive({ flood: () => attack('clients', options) });
    expect(flood.letIn + sum(flood.refused)).toBe(flood.tried);
    expect(flood.letIn).toBe(PER_ADDRESS);
    expect(sum(flood.refused)).toBeGreaterThan(HANDSHAKES_A_MINUTE - PER_ADDRESS);
    await good.settle();
  }, 120_000);
});
