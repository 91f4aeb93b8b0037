import type { Logger } from 'pino';
import { delay, systemClock } from '../common/clock.js';
import { ConfigError, type GatewayConfig, loadConfig } from '../config/gateway-config.js';
import { settingFiles } from '../config/setting-files.js';
import type { ProcessEnd } from '../drain/process-end.js';
import { probeRedis, refusedSentence } from '../redis/probe-redis.js';
import { createGateway } from './create-gateway.js';
import { redisPorts } from './redis-ports.js';
import { SettingsReload } from './settings-reload.js';
import type { WorkerLink } from './workers/worker-link.js';

/** How long a new worker waits for the feed before it counts as serving, ms. */
const FEED_WAIT_MS = 5_000;
const FEED_CHECK_MS = 20;

/**
 * Runs a gateway in this process.
 * @param link the way to the primary, if this process is one of several workers
 * @throws ConfigError if Redis refuses the settings, or the port cannot be listened on. If Redis
 * cannot be reached, the gateway starts and retries.
 */
export async function serve(
  config: GatewayConfig,
  logger: Logger,
  processEnd: ProcessEnd,
  link?: WorkerLink,
): Promise<void> {
  const probe = await probeRedis(config);
  if (probe.state === 'refused') throw new ConfigError(refusedSentence(config, probe.problem));
  if (probe.state === 'unreachable') {
    logger.warn({ problem: probe.problem }, 'redis_unreachable_retrying');
  }

  const ports = redisPorts(config, logger);
  const gateway = await createGateway(config, ports, logger, { workers: link });
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
  // In a worker, SIGHUP is for the primary, which starts new workers with the new settings.
  if (!link) process.on('SIGHUP', () => reload.reload());
  processEnd.serve({
    close: async () => {
      reload.stop();
      // New clients go to the other workers. If all stop, probes must be able to read that here.
      if (link?.othersServe) gateway.stopAccepting();
      await gateway.close();
      await link?.ending();
    },
  });
  if (!link) return;
  await feedUp(() => ports.feed.status.up);
  link.serving();
}

/**
 * Resolves once the feed is up, or after {@link FEED_WAIT_MS}: while Redis is down, workers must
 * still be replaced.
 */
async function feedUp(isUp: () => boolean): Promise<void> {
  const until = systemClock.now() + FEED_WAIT_MS;
  while (!isUp() && systemClock.now() < until) await delay(systemClock, FEED_CHECK_MS);
}
