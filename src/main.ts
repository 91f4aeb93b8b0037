import 'reflect-metadata';
import { ConfigError, loadConfig } from './config/gateway-config.js';
import { createGateway } from './create-gateway.js';
import { createLogger } from './logging/logging.module.js';
import { messageOf } from './logging/rate-limited-log.js';
import { redisPorts } from './ports/redis-ports.js';
import { probeRedis, refusedSentence } from './redis/probe-redis.js';

/** A wrong setting ends the start; a Redis that is not there yet does not. */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = createLogger(config);
  logger.info({ port: config.port }, 'socket_gateway_starting');
  if (config.production && config.secretKey === 'dev-secret-key') {
    logger.warn('SECRET_KEY has its development default');
  }

  const probe = await probeRedis(config.redisUrl);
  if (probe.state === 'refused') throw new ConfigError(refusedSentence(config.redisUrl, probe.problem));
  if (probe.state === 'unreachable') {
    logger.warn({ problem: probe.problem }, 'redis_unreachable_retrying');
  }

  const gateway = await createGateway(config, redisPorts(config, logger), logger);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      const started = performance.now();
      logger.info({ signal }, 'socket_gateway_stopping');
      gateway.close().then(
        () => {
          logger.info({ ms: Math.round(performance.now() - started) }, 'socket_gateway_stopped');
          process.exit(0);
        },
        (error: unknown) => {
          logger.error({ err: error }, 'socket_gateway_stop_failed');
          process.exit(1);
        },
      );
    });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`socket-gateway cannot start: ${messageOf(error)}\n`);
  process.exit(1);
});
