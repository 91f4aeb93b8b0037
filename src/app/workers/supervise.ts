import type { Logger } from 'pino';
import { systemClock } from '../../common/clock.js';
import { messageOf } from '../../common/message-of.js';
import { type GatewayConfig, loadConfig } from '../../config/gateway-config.js';
import type { ProcessEnd } from '../../drain/process-end.js';
import { exitWhenWritten, standardOutput } from '../../logging/log-output.js';
import { workerFork } from './cluster-processes.js';
import { Supervisor } from './supervisor.js';

/** Runs the primary: it serves nothing itself, and keeps `config.workers` workers running. */
export function supervise(config: GatewayConfig, logger: Logger, processEnd: ProcessEnd): void {
  const log = standardOutput();
  const supervisor = new Supervisor({
    count: config.workers,
    fork: workerFork(log, systemClock),
    clock: systemClock,
    log: logger,
    startedAt: systemClock.wallNow() / 1000 - process.uptime(),
    logLinesDropped: () => log.dropped,
    failed: (problem) => {
      process.stderr.write(`socket-gateway cannot start: ${problem}\n`);
      exitWhenWritten(1);
    },
  });
  // Also after a second signal, or if a worker does not end in time: no process is left.
  process.on('exit', () => supervisor.kill());
  processEnd.serve({ close: () => supervisor.stop() });
  process.on('SIGHUP', () => {
    try {
      logger.level = loadConfig(process.env).logLevel;
    } catch (error) {
      logger.warn({ problem: messageOf(error) }, 'settings_not_reloaded');
      return;
    }
    supervisor.roll();
  });
  supervisor.start();
}
