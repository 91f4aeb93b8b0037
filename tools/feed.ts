/**
 * `npm run feed` publishes a simulated or a recorded market on Redis. See docs/feed-simulator.md.
 */
import { maskSecrets } from '../src/config/mask-secrets.js';
import { probeRedis } from '../src/redis/probe-redis.js';
import { microsecondClock } from './simulator/clock.js';
import {
  FEED_USAGE,
  type FeedOptions,
  parseFeedOptions,
  type ReplayFileOptions,
  type SimulateOptions,
  UsageError,
} from './simulator/feed-options.js';
import { latestEntryOf } from './simulator/latest-entry.js';
import { MarketSimulator } from './simulator/market-simulator.js';
import {
  readRecording,
  type RecordedMessage,
  RecordingError,
  replayRecording,
} from './simulator/recording.js';
import { RedisPublisher } from './simulator/redis-publisher.js';
import { Restamper } from './simulator/restamp.js';
import { runSimulation } from './simulator/run-simulation.js';

const EXIT_REDIS = 1;
const EXIT_USAGE = 2;
const PROGRESS_MS = 10_000;

async function main(): Promise<number> {
  const options = parseFeedOptions(process.argv.slice(2), process.env);
  if (options.mode === 'help') {
    process.stdout.write(FEED_USAGE);
    return 0;
  }
  // Before connecting to Redis, so that an invalid recording is reported even without a Redis.
  const recording = options.mode === 'replay' ? await readRecording(options.file) : [];

  const stop = stopSignal(options);
  const probe = await probeRedis(options);
  const where = maskSecrets(options.redisUrl);
  if (probe.state === 'unreachable') return fail(`Redis at ${where} cannot be reached: ${probe.problem}.`);
  if (probe.state === 'refused') return fail(`Redis at ${where} cannot be used: ${probe.problem}.`);

  const publisher = new RedisPublisher(options, { signal: stop, onState: warn });
  await publisher.ready();
  const started = performance.now();
  const progress = setInterval(() => say(totals(publisher, started)), PROGRESS_MS);
  if (options.mode === 'replay') await replay(options, recording, publisher, where, stop);
  else await simulate(options, publisher, where, stop);
  clearInterval(progress);
  await publisher.close();
  say(`Stopped. ${totals(publisher, started)}`);
  return 0;
}

async function simulate(
  options: SimulateOptions,
  publisher: RedisPublisher,
  where: string,
  signal: AbortSignal,
) {
  const { ticksPerSecond, cache } = options;
  const simulator = new MarketSimulator({ ...options, tickSeconds: 1 / ticksPerSecond });
  say(
    `Simulating ${simulator.products.length} products at ${ticksPerSecond} ticks/s to ${where}, seed ${simulator.seed}.`,
  );
  const { skippedTicks } = await runSimulation(simulator, publisher, {
    ticksPerSecond,
    signal,
    // The entry is written first, so that a client that reads it after a message finds that message
    // or a newer one.
    onTick: (messages) => {
      if (cache) for (const { latest } of messages) publisher.remember(latest);
    },
  });
  if (skippedTicks > 0)
    warn(`${skippedTicks} ticks were left out, for they could not be published at this rate.`);
}

async function replay(
  options: ReplayFileOptions,
  recording: readonly RecordedMessage[],
  publisher: RedisPublisher,
  where: string,
  signal: AbortSignal,
) {
  const { file, speed, loop, restamp, cache } = options;
  const restamper = restamp ? new Restamper(recording, speed) : undefined;
  const clock = microsecondClock();
  say(`Replaying ${recording.length} messages of ${file} at speed ${speed} to ${where}.`);
  if (loop && !restamp)
    warn('Without --restamp a gateway takes every further round for old news and drops it.');
  do {
    const startedAt = clock();
    const publish = (channel: string, recorded: string) => {
      const data = restamper ? restamper.restamp(recorded, startedAt) : recorded;
      const latest = cache ? latestEntryOf(channel, data) : undefined;
      if (latest) publisher.remember(latest);
      return publisher.publish(channel, data);
    };
    await replayRecording(recording, publish, { speed, signal });
  } while (loop && !signal.aborted);
}

/** Aborts on the first SIGINT or SIGTERM (a second one kills), and at the end of the duration. */
function stopSignal({ durationSeconds }: Exclude<FeedOptions, { mode: 'help' }>): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  if (durationSeconds !== undefined) setTimeout(() => stop.abort(), durationSeconds * 1000).unref();
  return stop.signal;
}

function totals({ published, publishedBytes, dropped }: RedisPublisher, started: number): string {
  const seconds = (performance.now() - started) / 1000;
  const megabytes = (publishedBytes / 1e6).toFixed(1);
  const loss = dropped > 0 ? `, ${dropped} dropped` : '';
  return `${published} messages (${(published / seconds).toFixed(1)}/s), ${megabytes} MB in ${seconds.toFixed(0)} s${loss}.`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function warn(line: string): void {
  process.stderr.write(`${line}\n`);
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
