import 'reflect-metadata';
import { ConfigError, loadConfig } from './config/gateway-config.js';
import { databaseOf } from './config/redis-url.js';
import { createGateway } from './app/create-gateway.js';
import { ProcessEnd } from './drain/process-end.js';
import { createLogger } from './logging/logging.module.js';
import { messageOf } from './common/message-of.js';
import { redisPorts } from './app/redis-ports.js';
import { targetOf } from './redis/redis-connections.js';
import { probeRedis, refusedSentence } from './redis/probe-redis.js';

/** What a stop may take beyond its drain, ms, before the process is ended all the same. */
const STOP_MARGIN_MS = 8_000;

/** A wrong setting ends the start; a Redis that is not there yet does not. */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = createLogger(config);
  const processEnd = new ProcessEnd(logger, config.drainTimeoutMs + STOP_MARGIN_MS, process);
  logger.info({ port: config.port }, 'socket_gateway_starting');
  if (config.production && config.secretKey === 'dev-secret-key') {
    logger.warn('SECRET_KEY has its development default');
  }
  if (config.production && config.authMode === 'off') {
    logger.warn('AUTH_MODE is off: whoever reaches this port gets every price');
  }
  if (config.production && config.jwtJwksUrl?.protocol === 'http:') {
    logger.warn('JWT_JWKS_URL is not https: who is between can put in keys of his own');
  }

  const database = databaseOf(targetOf(config));
  if (database !== 0 && config.channelPrefix === '') {
    logger.warn(
      { database },
      'REDIS_URL names a database other than 0, but Redis pub/sub ignores databases: this gateway hears the channels of every ' +
        'environment on that Redis. Set CHANNEL_PREFIX, here and at the producers, unless this Redis has one environment only.',
    );
  }

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
