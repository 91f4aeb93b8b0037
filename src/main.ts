import 'reflect-metadata';
import { systemClock } from './common/clock.js';
import { configWarnings } from './config/config-warnings.js';
import { ConfigError, loadConfig } from './config/gateway-config.js';
import { createGateway } from './app/create-gateway.js';
import { ProcessEnd } from './drain/process-end.js';
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
  const processEnd = new ProcessEnd(logger, config.drainTimeoutMs + STOP_MARGIN_MS, process, systemClock);
  logger.info({ port: config.port }, 'socket_gateway_starting');
  for (const { message, fields } of configWarnings(config)) logger.warn(fields, message);

  const probe = await probeRedis(config);
  if (probe.state === 'refused') throw new ConfigError(refusedSentence(config, probe.problem));
  if (probe.state === 'unreachable') {
    logger.warn({ problem: probe.problem }, 'redis_unreachable_retrying');
  }

  processEnd.serve(await createGateway(config, redisPorts(config, logger), logger));
}

main().catch((error: unknown) => {
  process.stderr.write(`socket-gateway cannot start: ${messageOf(error)}\n`);
  process.exit(1);
});
