import { HARMLESS_SIGNALS } from './app/early-signals.js';
import 'reflect-metadata';
import type { Logger } from 'pino';
import { systemClock } from './common/clock.js';
import { messageOf } from './common/message-of.js';
import { describeTimeZone } from './common/time-zone.js';
import { configWarnings } from './config/config-warnings.js';
import { type GatewayConfig, loadConfig } from './config/gateway-config.js';
import { ProcessEnd } from './drain/process-end.js';
import { exitWhenWritten } from './logging/log-output.js';
import { createLogger } from './logging/logger.js';
import { primaryChannel } from './app/workers/cluster-processes.js';
import { supervise } from './app/workers/supervise.js';
import { WorkerLink } from './app/workers/worker-link.js';

/** How long a shutdown may take after its drain, ms. After that the process is ended by force. */
const STOP_MARGIN_MS = 8_000;
/** Workers end by themselves before the primary gives them up, ms. */
const PRIMARY_MARGIN_MS = 2_000;

const channel = primaryChannel();
const link = channel && new WorkerLink(channel, systemClock);

/** Runs the gateway in this process, or, with `WORKERS`, as one of its workers or their primary. */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = createLogger(config, channel?.worker);
  const isPrimary = !link && config.workers > 1;
  const processEnd = new ProcessEnd(
    logger,
    config.drainTimeoutMs + STOP_MARGIN_MS + (isPrimary ? PRIMARY_MARGIN_MS : 0),
    { on: link ? endsOf(link) : process.on.bind(process), exit: exitWhenWritten },
    systemClock,
  );
  if (!link) logStart(config, logger);
  if (isPrimary) {
    supervise(config, logger, processEnd);
    return;
  }
  // The primary does not load the application.
  const { serve } = await import('./app/serve.js');
  await serve(config, logger, processEnd, link);
}

/**
 * What ends a worker: uncaught errors, and the primary. Signals do not end it, because a terminal
 * sends them to every process of a group, and the primary passes them on.
 */
function endsOf(worker: WorkerLink) {
  return (event: string, listener: (value: unknown) => void): void => {
    if (event === 'SIGTERM') worker.open(() => listener(event));
    else if (event !== 'SIGINT') process.on(event, listener);
  };
}

function logStart(config: GatewayConfig, logger: Logger): void {
  for (const signal of HARMLESS_SIGNALS) {
    if (signal !== 'SIGHUP') process.on(signal, () => logger.info({ signal }, 'signal_ignored'));
  }
  const zones = [config.feedTimeZone, ...config.marketHours.zones];
  const [feedTimeZone, ...marketTimeZones] = zones.map((zone) =>
    describeTimeZone(zone, systemClock.wallNow()),
  );
  const times = { feed_time_zone: feedTimeZone, market_time_zones: marketTimeZones };
  const { port, workers } = config;
  logger.info({ port, workers, ...times }, 'socket_gateway_starting');
  for (const { message, fields } of configWarnings(config)) logger.warn(fields, message);
}

main().catch((error: unknown) => {
  const problem = messageOf(error);
  if (link) {
    link.failed(problem, () => exitWhenWritten(1));
    return;
  }
  process.stderr.write(`socket-gateway cannot start: ${problem}\n`);
  exitWhenWritten(1);
});
