/**
 * `npm run demo` starts the gateway, a simulated feed and the live page, with the programs that the
 * machine has.
 */
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { ConfigError, type GatewayConfig, loadConfig } from '../src/config/gateway-config.js';
import { maskSecrets } from '../src/config/mask-secrets.js';
import { createGateway, type Gateway } from '../src/app/create-gateway.js';
import type { FeedPublisher } from '../src/feed/memory-feed.js';
import { createLogger } from '../src/logging/logger.js';
import { messageOf } from '../src/common/message-of.js';
import { memoryPorts } from '../src/app/memory-ports.js';
import type { Ports } from '../src/app/ports.js';
import { redisPorts } from '../src/app/redis-ports.js';
import { probeRedis } from '../src/redis/probe-redis.js';
import { startPrivateRedis } from './private-redis.js';
import { MarketSimulator } from './simulator/market-simulator.js';
import { RedisPublisher } from './simulator/redis-publisher.js';
import { withFaults } from './faults/fault-options.js';
import { DEMO_USAGE, parseDemoOptions } from './demo-options.js';
import { UsageError } from './simulator/arguments.js';
import { publishFeed } from './simulator/feed-message.js';
import { markDemo, SCENARIO_PATH, scenarioEndpoint } from './scenario-endpoint.js';
import { simulatedFeed } from './simulator/simulated-feed.js';

const EXPIRIES = 2;

/** The broker that the demo found or started. */
interface Broker {
  /** The description of the broker that is printed. */
  readonly name: string;
  readonly redisUrl: string | undefined;
  stop(): Promise<void>;
}

const nothing = () => Promise.resolve();

/** Settings for the platform's Redis that do not apply to the demo's private one. */
const OF_ANOTHER_REDIS = { REDIS_USERNAME: undefined, REDIS_PASSWORD: undefined };

/** An admin port that only this machine reaches, with a new token. */
function operatorSettings(): Record<string, string> {
  const secret = (): string => randomBytes(16).toString('hex');
  return { ADMIN_PORT: '0', ADMIN_HOST: '127.0.0.1', ADMIN_TOKEN: secret(), SECRET_KEY: secret() };
}

/** The token is printed only if it is this demo's own. */
function operatorHint({ adminPort }: Gateway, { adminToken }: GatewayConfig): string {
  const isOwn = !process.env.ADMIN_TOKEN && !process.env.ADMIN_TOKEN_FILE;
  const token = isOwn ? `the token ${adminToken}` : 'the token of ADMIN_TOKEN';
  return `Operators: http://localhost:${adminPort}/ops with ${token}\n`;
}

async function findBroker(): Promise<Broker> {
  const redisUrl = process.env.REDIS_URL;
  if (redisUrl) {
    const probe = await probeRedis(loadConfig(process.env));
    const where = maskSecrets(redisUrl);
    if (probe.state !== 'ready') throw new ConfigError(`Redis at ${where} cannot be used: ${probe.problem}.`);
    return { name: `the Redis of REDIS_URL, ${where}`, redisUrl, stop: nothing };
  }
  const own = await startPrivateRedis();
  if (own)
    return { name: `a private ${own.program} at ${own.url}`, redisUrl: own.url, stop: () => own.stop() };
  return {
    name: 'an in-process broker (no redis-server on this machine)',
    redisUrl: undefined,
    stop: nothing,
  };
}

/** The gateway's ports, and a publisher for the simulator that reaches them. */
async function connect(
  broker: Broker,
  config: GatewayConfig,
  logger: Logger,
  signal: AbortSignal,
): Promise<[Ports, FeedPublisher]> {
  if (broker.redisUrl === undefined) {
    const ports = memoryPorts(config);
    return [ports, ports.feed];
  }
  const publisher = new RedisPublisher(config, { signal });
  await publisher.ready();
  const ports = redisPorts(config, logger);
  const close = async () => {
    await publisher.close();
    await ports.close();
  };
  return [{ ...ports, close }, publisher];
}

async function main(): Promise<void> {
  const options = parseDemoOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(DEMO_USAGE);
    return;
  }
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

  loadConfig(process.env); // a wrong setting is reported before anything is started
  const broker = await findBroker();
  let gateway: Gateway | undefined;
  try {
    const config = loadConfig({
      LOG_LEVEL: 'warn',
      DRAIN_TIMEOUT_MS: '0',
      LIVE_PAGE: 'on',
      ...(options.ops && operatorSettings()),
      ...process.env,
      REDIS_URL: broker.redisUrl,
      ...(!process.env.REDIS_URL && OF_ANOTHER_REDIS),
    });
    const logger = createLogger(config);
    const [ports, publisher] = await connect(broker, config, logger, stopping.signal);
    const { ticksPerSecond } = options;
    const simulator = new MarketSimulator({
      ...options,
      products: config.products,
      expiries: EXPIRIES,
      tickSeconds: 1 / ticksPerSecond,
    });
    gateway = await createGateway(config, ports, logger, {
      prepare: (app) => {
        app.use(markDemo);
        app.use(SCENARIO_PATH, scenarioEndpoint(simulator));
      },
    });
    process.stdout.write(
      `The feed is simulated: ${simulator.products.join(', ')}, ` +
        `scenario ${simulator.scenario}, seed ${simulator.seed}.\n` +
        `It runs on ${broker.name}.\n` +
        (options.ops ? operatorHint(gateway, config) : '') +
        `Open http://localhost:${gateway.port}/ and press Ctrl-C to stop.\n`,
    );
    const market = simulatedFeed(simulator, { ticksPerSecond, signal: stopping.signal });
    const feed = withFaults(options.faults, simulator.seed)(market);
    await Promise.all([stopped, publishFeed(feed, publisher)]);
  } finally {
    await gateway?.close();
    await broker.stop();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`The demo cannot run: ${messageOf(error)}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
