import { ConfigError, type GatewayConfig, loadConfig } from '../../src/config/gateway-config.js';
import { parseId } from '../../src/common/parse-id.js';
import { parseRedisUrl } from '../../src/config/redis-url.js';
import { isSymbol } from '../../src/contract/symbol.js';
import type { RedisAddress } from '../../src/redis/redis-connections.js';
import { FAULT_ARGUMENTS, FAULT_USAGE, type FaultOptions, parseFaults } from '../faults/fault-options.js';
import { number, oneOf, optional, readArguments, seconds, seed, UsageError, whole } from './arguments.js';
import type { PublisherSettings } from './redis-publisher.js';
import { MAX_CHAIN_BYTES } from './market-simulator.js';
import { DEFAULT_PRODUCTS } from './instruments.js';
import { MIN_CHAIN_BYTES } from './product-market.js';
import { type Scenario, SCENARIO_USAGE, SCENARIOS } from './scenarios.js';
import { MAX_STRIKES } from './strike-grid.js';

export interface CommonOptions extends Pick<
  PublisherSettings,
  'redisUrl' | 'redisUsername' | 'redisPassword' | 'keyPrefix' | 'channelPrefix'
> {
  /** Whether to write the worker's `latest:*` entries as well. */
  readonly cache: boolean;
  readonly durationSeconds?: number;
  readonly faults: FaultOptions;
  /** Repeats the prices and the faults of an earlier run. */
  readonly seed?: number;
}

export interface SimulateOptions extends CommonOptions {
  readonly mode: 'simulate';
  readonly ticksPerSecond: number;
  readonly products: readonly string[];
  readonly expiries: number;
  readonly strikes?: number;
  readonly chainBytes?: number;
  readonly quotedShare?: number;
  readonly scenario: Scenario;
  /** The users whose portfolios are published too. */
  readonly users: readonly string[];
}

export interface ReplayFileOptions extends CommonOptions {
  readonly mode: 'replay';
  readonly file: string;
  readonly speed: number;
  readonly loop: boolean;
  readonly keepTimes: boolean;
}

export type FeedOptions = { readonly mode: 'help' } | SimulateOptions | ReplayFileOptions;

export const FEED_USAGE = `Usage: npm run feed -- [options]

Publishes a simulated market, or a recorded one, on Redis as the DeltaStream worker does.

Simulation
  --rate N            ticks per second of each product (default 1)
  --products A,B      (default ${DEFAULT_PRODUCTS.join(',')})
  --expiries N        chains per product: the next N Thursdays (default 1)
  --strikes N         strikes per chain at the opening (default 21)
  --chain-bytes N     instead of --strikes: about how long a chain message is, up to ${MAX_CHAIN_BYTES}
  --sparse SHARE      this share (0 to 1) of a chain's options is quoted again in the next chain;
                      the others stay as they were (default 1)
${SCENARIO_USAGE}  --users A,B         publish a portfolio of each of these users after each tick (default none)
  --no-cache          do not write latest:underlying:*, latest:chain:* and latest:portfolio:*

Replay
  --replay FILE       play a recording of npm run record; a name that ends in .gz is decompressed
  --speed X           2 plays twice as fast (default 1)
  --loop              start again at the end
  --keep-times        publish every byte as recorded (default: the recorded times are moved to now)
  --cache             write latest:underlying:* and latest:chain:* too

${FAULT_USAGE}
Both
  --seed N            repeats the prices and the faults of an earlier run
  --duration SECONDS  stop after this time
  --redis URL         (default REDIS_URL with REDIS_USERNAME and REDIS_PASSWORD, else redis://localhost:6379/0)
  --help

KEY_PREFIX and CHANNEL_PREFIX are put before keys and channels, as the gateway does.
`;

const OPTIONS = {
  rate: { type: 'string' },
  products: { type: 'string' },
  expiries: { type: 'string' },
  strikes: { type: 'string' },
  'chain-bytes': { type: 'string' },
  sparse: { type: 'string' },
  scenario: { type: 'string' },
  users: { type: 'string' },
  'no-cache': { type: 'boolean' },
  replay: { type: 'string' },
  speed: { type: 'string' },
  loop: { type: 'boolean' },
  restamp: { type: 'boolean' }, // the default since there is --keep-times
  'keep-times': { type: 'boolean' },
  cache: { type: 'boolean' },
  ...FAULT_ARGUMENTS,
  seed: { type: 'string' },
  duration: { type: 'string' },
  redis: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Name = keyof typeof OPTIONS;
const SIMULATION_ONLY: readonly Name[] = [
  ...(['rate', 'products', 'expiries', 'strikes', 'chain-bytes', 'sparse', 'scenario'] as const),
  ...(['users', 'no-cache'] as const),
];
const REPLAY_ONLY: readonly Name[] = ['speed', 'loop', 'restamp', 'keep-times', 'cache'];

/** @throws UsageError */
export function parseFeedOptions(args: readonly string[], env: NodeJS.ProcessEnv): FeedOptions {
  const { values } = readArguments({ args: [...args], options: OPTIONS, allowPositionals: false });
  if (values.help) return { mode: 'help' };
  const common = {
    ...redisAddress(values.redis, env),
    ...prefixes(env),
    durationSeconds: optional(values.duration, (text) => seconds('duration', text)),
    faults: parseFaults(values),
    seed: optional(values.seed, seed),
  };
  if (values.replay !== undefined) {
    refuse(values, SIMULATION_ONLY, 'does not go with --replay');
    if (values.restamp && values['keep-times'])
      throw new UsageError('--restamp and --keep-times exclude each other.');
    return {
      ...common,
      mode: 'replay',
      file: values.replay,
      speed: number('speed', values.speed ?? '1', 0.001, 1000),
      loop: values.loop ?? false,
      keepTimes: values['keep-times'] ?? false,
      cache: values.cache ?? false,
    };
  }
  refuse(values, REPLAY_ONLY, 'needs --replay');
  if (values.strikes !== undefined && values['chain-bytes'] !== undefined) {
    throw new UsageError('--strikes and --chain-bytes exclude each other.');
  }
  return {
    ...common,
    mode: 'simulate',
    ticksPerSecond: number('rate', values.rate ?? '1', 0.001, 10_000),
    products: optional(values.products, products) ?? DEFAULT_PRODUCTS,
    expiries: whole('expiries', values.expiries ?? '1', 1, 52),
    strikes: optional(values.strikes, (text) => whole('strikes', text, 1, MAX_STRIKES)),
    chainBytes: optional(values['chain-bytes'], (text) =>
      whole('chain-bytes', text, MIN_CHAIN_BYTES, MAX_CHAIN_BYTES),
    ),
    quotedShare: optional(values.sparse, (text) => number('sparse', text, 0, 1)),
    scenario: oneOf('scenario', values.scenario ?? 'normal', SCENARIOS),
    users: optional(values.users, users) ?? [],
    cache: !values['no-cache'],
  };
}

function refuse(values: Partial<Record<Name, unknown>>, names: readonly Name[], why: string): void {
  const name = names.find((candidate) => values[candidate] !== undefined);
  if (name) throw new UsageError(`--${name} ${why}.`);
}

function products(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (!names.every(isSymbol) || new Set(names).size < names.length) {
    throw new UsageError(
      '--products must be different product names with commas between, such as NIFTY,AAPL.',
    );
  }
  return names;
}

function users(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => parseId(name) !== undefined) && new Set(names).size === names.length)
    return names;
  throw new UsageError('--users must be different ids of users with commas between, such as user-1,user-2.');
}

/** The user and the password that belong to `REDIS_URL`, as in the gateway. */
function credentials(url: string, { REDIS_USERNAME, REDIS_PASSWORD }: NodeJS.ProcessEnv) {
  const { redisUsername, redisPassword } = settings({ REDIS_URL: url, REDIS_USERNAME, REDIS_PASSWORD });
  return { redisUsername, redisPassword };
}

/** The prefixes for any Redis, as the gateway of this feed has them. */
function prefixes({ KEY_PREFIX, CHANNEL_PREFIX }: NodeJS.ProcessEnv) {
  const { keyPrefix, channelPrefix } = settings({ KEY_PREFIX, CHANNEL_PREFIX });
  return { keyPrefix, channelPrefix };
}

function settings(env: Readonly<Record<string, string | undefined>>): GatewayConfig {
  try {
    return loadConfig(env);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}

function redisAddress(argument: string | undefined, env: NodeJS.ProcessEnv): RedisAddress {
  const url = argument ?? (env.REDIS_URL || 'redis://localhost:6379/0');
  if (parseRedisUrl(url)?.kind === 'single') {
    return { redisUrl: url, ...(argument === undefined && credentials(url, env)) };
  }
  // The value is not repeated, because it may contain a password.
  throw new UsageError(
    `${argument === undefined ? 'REDIS_URL' : '--redis'} must be a URL redis:// or rediss://.`,
  );
}
