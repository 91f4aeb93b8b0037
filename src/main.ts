import { HARMLESS_SIGNALS } from './app/early-signals.js';
import 'reflect-metadata';
import { systemClock } from './common/clock.js';
import { describeTimeZone } from './common/time-zone.js';
import { configWarnings } from './config/config-warnings.js';
import { ConfigError, loadConfig } from './config/gateway-config.js';
import { createGateway } from './app/create-gateway.js';
import { ProcessEnd } from './drain/process-end.js';
import { SettingsReload } from './app/settings-reload.js';
import { settingFiles } from './config/setting-files.js';
import { exitWhenWritten } from './logging/log-output.js';
import { createLogger } from './logging/logging.module.js';
import { messageOf } from './common/message-of.js';
import { redisPorts } from './app/redis-ports.js';
import { probeRedis, refusedSentence } from './redis/probe-redis.js';

/** How long a shutdown may take after its drain, ms. After that the process is ended by force. */
const STOP_MARGIN_MS = 8_000;

/**
 * Fails on a wrong setting, but not if Redis is unreachable: the gateway then starts and retries.
 */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = createLogger(config);
  const endingProcess = { on: process.on.bind(process), exit: exitWhenWritten };
  const processEnd = new ProcessEnd(
    logger,
    config.drainTimeoutMs + STOP_MARGIN_MS,
    endingProcess,
    systemClock,
  );
  for (const signal of HARMLESS_SIGNALS) {
    if (signal !== 'SIGHUP') process.on(signal, () => logger.info({ signal }, 'signal_ignored'));
  }
  const zones = [config.feedTimeZone, ...config.marketHours.zones];
  const [feedTimeZone, ...marketTimeZones] = zones.map((zone) =>
    describeTimeZone(zone, systemClock.wallNow()),
  );
  const times = { feed_time_zone: feedTimeZone, market_time_zones: marketTimeZones };
  logger.info({ port: config.port, ...times }, 'socket_gateway_starting');
  for (const { message, fields } of configWarnings(config)) logger.warn(fields, message);

  const probe = await probeRedis(config);
  if (probe.state === 'refused') throw new ConfigError(refusedSentence(config, probe.problem));
  if (probe.state === 'unreachable') {
    logger.warn({ problem: probe.problem }, 'redis_unreachable_retrying');
  }

  const gateway = await createGateway(config, redisPorts(config, logger), logger);
  const reload = new SettingsReload(
    {
      clock: systemClock,
      files: [...settingFiles(process.env).values()],
      load: () => loadConfig(process.env),
      apply: (next) => gateway.apply(next),
      log: logger,
    },
    config,
  );
  reload.start();
  process.on('SIGHUP', () => reload.reload());
  processEnd.serve({
    close: () => {
      reload.stop();
      return gateway.close();
    },
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`socket-gateway cannot start: ${messageOf(error)}\n`);
  exitWhenWritten(1);
});
