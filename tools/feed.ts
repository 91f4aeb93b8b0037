/**
 * `npm run feed` publishes a simulated or a recorded market on Redis. See docs/feed-simulator.md.
 */
import { maskSecrets } from '../src/config/mask-secrets.js';
import { probeRedis } from '../src/redis/probe-redis.js';
import { withFaults } from './faults/fault-options.js';
import {
  checkRecording,
  readRecording,
  RecordingError,
  type RecordingSummary,
} from './recording/recording.js';
import { replayedFeed } from './recording/replayed-feed.js';
import { UsageError } from './simulator/arguments.js';
import { type FeedMessage, publishFeed } from './simulator/feed-message.js';
import {
  FEED_USAGE,
  parseFeedOptions,
  type ReplayFileOptions,
  type SimulateOptions,
} from './simulator/feed-options.js';
import { MarketSimulator } from './simulator/market-simulator.js';
import { withPortfolios } from './simulator/portfolios.js';
import { RedisPublisher } from './simulator/redis-publisher.js';
import { simulatedFeed } from './simulator/simulated-feed.js';
import { say, stopAfter, stopOnSignals, warn } from './terminal.js';

const EXIT_REDIS = 1;
const EXIT_USAGE = 2;
const PROGRESS_MS = 10_000;

async function main(): Promise<number> {
  const options = parseFeedOptions(process.argv.slice(2), process.env);
  if (options.mode === 'help') {
    process.stdout.write(FEED_USAGE);
    return 0;
  }
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const stop = stopOnSignals();
  const where = maskSecrets(options.redisUrl);
  // Before connecting to Redis, so that an invalid recording is reported even without a Redis.
  const source =
    options.mode === 'replay'
      ? replay(options, seed, await checkRecording(options.file), where, stop.signal)
      : simulate(options, seed, where, stop.signal);
  const probe = await probeRedis(options);
  if (probe.state === 'unreachable') return fail(`Redis at ${where} cannot be reached: ${probe.problem}.`);
  if (probe.state === 'refused') return fail(`Redis at ${where} cannot be used: ${probe.problem}.`);

  const publisher = new RedisPublisher(options, { signal: stop.signal, onState: warn });
  await publisher.ready();
  stopAfter(stop, options.durationSeconds);
  const started = performance.now();
  const progress = setInterval(() => say(totals(publisher, started)), PROGRESS_MS);
  const messages = withFaults(options.faults, seed)(source);
  await publishFeed(messages, publisher, options.cache ? (entry) => publisher.remember(entry) : undefined);
  clearInterval(progress);
  await publisher.close();
  say(`Stopped. ${totals(publisher, started)}`);
  return 0;
}

async function* simulate(
  options: SimulateOptions,
  seed: number,
  where: string,
  signal: AbortSignal,
): AsyncGenerator<FeedMessage> {
  const { ticksPerSecond, scenario } = options;
  const simulator = new MarketSimulator({ ...options, seed, tickSeconds: 1 / ticksPerSecond });
  say(
    `Simulating ${simulator.products.length} products at ${ticksPerSecond * simulator.pace} ticks/s to ${where}, ` +
      `scenario ${scenario}, seed ${seed}.`,
  );
  let skipped = 0;
  const market = simulatedFeed(simulator, {
    ticksPerSecond,
    signal,
    onSkipped: (ticks) => (skipped += ticks),
  });
  yield* withPortfolios(options.users, simulator.products, seed)(market);
  if (skipped > 0) warn(`${skipped} ticks were left out, for they could not be published at this rate.`);
}

async function* replay(
  options: ReplayFileOptions,
  seed: number,
  summary: RecordingSummary,
  where: string,
  signal: AbortSignal,
): AsyncGenerator<FeedMessage> {
  const { file, speed, loop, keepTimes, faults } = options;
  const faulty = Object.values(faults).some((fault) => fault !== undefined);
  say(
    `Replaying ${summary.count} messages of ${file} at speed ${speed} to ${where}${faulty ? `, seed ${seed}` : ''}.`,
  );
  if (loop && keepTimes)
    warn('With --keep-times a gateway takes every further round for old news and drops it.');
  yield* replayedFeed(() => readRecording(file), summary, { speed, loop, keepTimes, signal });
}

function totals({ published, publishedBytes, dropped }: RedisPublisher, started: number): string {
  const seconds = (performance.now() - started) / 1000;
  const megabytes = (publishedBytes / 1e6).toFixed(1);
  const loss = dropped > 0 ? `, ${dropped} dropped` : '';
  return `${published} messages (${(published / seconds).toFixed(1)}/s), ${megabytes} MB in ${seconds.toFixed(0)} s${loss}.`;
}

function fail(sentence: string): number {
  warn(sentence);
  return EXIT_REDIS;
}

main().then(
  // Only sets the exit code, because process.exit would cut off output to a pipe.
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (!(error instanceof UsageError || error instanceof RecordingError)) throw error;
    warn(error.message);
    process.exitCode = EXIT_USAGE;
  },
);
