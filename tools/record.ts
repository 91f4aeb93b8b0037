/**
 * `npm run record` records what the platform publishes on Redis. See docs/feed-simulator.md.
 */
import { redisPorts } from '../src/app/redis-ports.js';
import { maskSecrets } from '../src/config/mask-secrets.js';
import { FEED_CHANNELS } from '../src/feed/channels.js';
import type { FeedSource } from '../src/feed/feed-source.js';
import { probeRedis } from '../src/redis/probe-redis.js';
import { parseRecordOptions, RECORD_USAGE } from './recording/record-options.js';
import { RecordingError } from './recording/recording.js';
import { RecordingWriter } from './recording/recording-writer.js';
import { UsageError } from './simulator/arguments.js';
import { say, stopAfter, stopOnSignals, warn } from './terminal.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const PROGRESS_MS = 10_000;

async function main(): Promise<number> {
  const options = parseRecordOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    process.stdout.write(RECORD_USAGE);
    return 0;
  }
  const { config, file, maxBytes, durationSeconds } = options;
  const stop = stopOnSignals();
  const where = maskSecrets(config.redisUrl);
  const probe = await probeRedis(config);
  if (probe.state !== 'ready') {
    warn(`Redis at ${where} cannot be ${probe.state === 'refused' ? 'used' : 'reached'}: ${probe.problem}.`);
    return EXIT_FAILED;
  }

  const writer = await RecordingWriter.create(file, { maxBytes });
  const ports = redisPorts(config, { warn: (fields) => warn(`Redis: ${problemIn(fields)}.`) });
  const channels = FEED_CHANNELS.map((name) => config.channelPrefix + name).join(' and ');
  const started = performance.now();
  stopAfter(stop, durationSeconds);
  record(ports.feed, writer, { started, onStart: () => say(`Recording ${channels} of ${where}.`) });
  const totals = () => totalsOf(writer, file, started);
  const progress = setInterval(() => say(totals()), PROGRESS_MS);
  try {
    const end = await writer.run(stop.signal);
    await ports.feed.stop();
    await writer.close();
    say(`Stopped${end === 'full' ? ', for the file has reached its size' : ''}. ${totals()}`);
    return 0;
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    await ports.feed.stop();
    warn(`${error.message} ${totals()}`);
    return EXIT_FAILED;
  } finally {
    clearInterval(progress);
    await ports.close();
  }
}

/**
 * Passes the messages of the feed to the writer, and reports when some may be missing.
 * @param started when `t` was 0, by `performance.now()`
 */
function record(
  feed: FeedSource,
  writer: RecordingWriter,
  { started, onStart }: { readonly started: number; readonly onStart: () => void },
): void {
  let lost = false;
  feed.start(FEED_CHANNELS, {
    message: (channel, data) => {
      const { dropped } = writer;
      writer.add({ t: (performance.now() - started) / 1000, channel, data });
      if (dropped === 0 && writer.dropped > 0) {
        warn('Messages are left out, for the disk is too slow for them or they are too long.');
      }
    },
    up: () => {
      if (lost) warn('The feed is back.');
      else onStart();
      lost = false;
    },
    down: () => {
      lost = true;
      warn('The feed is lost; messages are missing from the recording until it is back.');
    },
  });
}

function totalsOf({ messages, dropped, fileBytes }: RecordingWriter, file: string, started: number): string {
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const loss = dropped > 0 ? `, ${dropped} not recorded` : '';
  return `${messages} messages in ${seconds} s, ${(fileBytes / 1e6).toFixed(1)} MB in ${file}${loss}.`;
}

function problemIn(fields: object): string {
  return 'problem' in fields ? String(fields.problem) : JSON.stringify(fields);
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
