import { GatewayProcess } from '../support/gateway-process.js';
import { RedisServer } from '../support/redis-server.js';
import { attack, type AttackName } from './support/attack.js';
import { Survivors } from './support/survivors.js';

const CONNECTIONS = 200;
/** Longer than the gateway waits for a request's header. */
const LASTS_MS = 15_000;

let redis: RedisServer;
let gateway: GatewayProcess;
let survivors: Survivors;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    FEED_PROBE_AFTER_MS: '600000', // a Redis that stalls is no loss of the feed
  });
  await gateway.ready();
  survivors = await Survivors.start(gateway, redis);
});

afterAll(() => {
  survivors?.stop();
  process.stderr.write(survivors?.report() ?? '');
});

it('hundreds of connections that send little or nothing, or read nothing', async () => {
  const by = (name: AttackName) => () =>
    attack(name, { port: gateway.port, count: CONNECTIONS, ms: LASTS_MS });
  const figures = await survivors.survive({
    'say nothing': by('silent'),
    'dribble request headers': by('headers'),
    'dribble POST bodies': by('bodies'),
    'dribble WebSocket frames': by('frames'),
    'ask, and read nothing': by('deaf'),
  });
  // Checks that the attack did take place.
  for (const { tried, opened } of Object.values(figures))
    expect([tried, opened]).toEqual([CONNECTIONS, CONNECTIONS]);
  await survivors.settle();
}, 120_000);
