import { ConfigError, type GatewayConfig, loadConfig } from '../../src/config/gateway-config.js';
import { number, optional, readArguments, seconds, UsageError } from '../simulator/arguments.js';

export interface RecordOptions {
  readonly file: string;
  readonly durationSeconds?: number;
  readonly maxBytes: number;
  /** The settings of the gateway that say where the feed is. */
  readonly config: GatewayConfig;
}

const DEFAULT_MEGABYTES = 1000;

export const RECORD_USAGE = `Usage: npm run record -- FILE [options]

Records every message that the DeltaStream worker publishes, with its arrival time. npm run feed --
--replay FILE plays the recording. If the name of FILE ends in .gz, the recording is compressed.

  --duration SECONDS  stop after this time
  --max-size MB       stop when FILE has reached this size (default ${DEFAULT_MEGABYTES})
  --redis URL         (default REDIS_URL, else redis://localhost:6379/0)
  --help

REDIS_URL may name a server, sentinels or a cluster. The gateway's other settings of Redis, such as
REDIS_PASSWORD_FILE, REDIS_TLS_CA, REDIS_SHARDED_PUBSUB and CHANNEL_PREFIX, apply as well.
`;

/** Settings for the Redis of REDIS_URL that do not apply to the one of --redis. */
const OF_REDIS_URL = /^REDIS_(?:URL|USERNAME|PASSWORD)(?:_FILE)?$/;
const OF_THE_FEED = /^(?:REDIS_|CHANNEL_PREFIX$|KEY_PREFIX$|FEED_PROBE_AFTER_MS$)/;

/** @throws UsageError */
export function parseRecordOptions(args: readonly string[], env: NodeJS.ProcessEnv): RecordOptions | 'help' {
  const { values, positionals } = readArguments({
    args: [...args],
    options: {
      duration: { type: 'string' },
      'max-size': { type: 'string' },
      redis: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
  if (values.help) return 'help';
  const [file, ...others] = positionals;
  if (!file || others.length > 0) {
    throw new UsageError('One file to write is needed, such as npm run record -- day.jsonl.gz.');
  }
  return {
    file,
    durationSeconds: optional(values.duration, (text) => seconds('duration', text)),
    maxBytes: number('max-size', values['max-size'] ?? `${DEFAULT_MEGABYTES}`, 0.001, 1e9) * 1e6,
    config: feedConfig(values.redis, env),
  };
}

function feedConfig(redisUrl: string | undefined, env: NodeJS.ProcessEnv): GatewayConfig {
  const settings = Object.entries(env).filter(
    ([name]) => OF_THE_FEED.test(name) && (redisUrl === undefined || !OF_REDIS_URL.test(name)),
  );
  try {
    return loadConfig({
      ...Object.fromEntries(settings),
      ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
      SERVICE_NAME: 'deltastream-record',
    });
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}
