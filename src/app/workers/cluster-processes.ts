import cluster, { type Worker } from 'node:cluster';
import type { Clock } from '../../common/clock.js';
import type { LogOutput } from '../../logging/log-output.js';
import { forwardLines } from './forward-lines.js';
import type { ToPrimary, ToWorker } from './messages.js';
import type { WorkerListener, WorkerProcess } from './supervisor.js';
import type { PrimaryChannel } from './worker-link.js';

/** How long the last messages of a worker that has ended may take, ms. */
const LAST_MESSAGES_MS = 500;

/**
 * Returns how the primary starts a worker: with `node:cluster`, so that all workers share one port.
 * The primary accepts each connection and passes it to the workers in turn. If the workers accepted
 * by themselves, the kernel would give most connections to few of them.
 * @param log where the lines of the workers go. If all wrote to one pipe, lines could be mixed.
 */
export function workerFork(
  log: LogOutput,
  clock: Pick<Clock, 'after'>,
): (listener: (worker: WorkerProcess) => WorkerListener) => void {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  // `advanced` carries NaN, which metrics have for the mean of no values.
  cluster.setupPrimary({ serialization: 'advanced', stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  return (listen) => {
    const worker = cluster.fork();
    const listener = listen(processOf(worker));
    forwardLines(worker.process.stdout!, log);
    worker.on('message', (message) => listener.message(message as ToPrimary));
    worker.on('error', () => undefined); // it cannot be reached any more: it ends
    worker.on('exit', (code: number | null, signal: string | null) => {
      // Its last messages may arrive after it has ended, but before its channel has closed. Node does
      // not report the close if a message was cut off.
      let reported = false;
      const report = (): void => {
        if (!reported) listener.ended({ code, signal });
        reported = true;
      };
      if (!worker.isConnected()) report();
      worker.on('disconnect', report);
      clock.after(LAST_MESSAGES_MS, report);
    });
  };
}

function processOf(worker: Worker): WorkerProcess {
  return {
    id: worker.id,
    pid: worker.process.pid!,
    send: (message) => {
      if (worker.isConnected()) worker.send(message, undefined, () => undefined);
    },
    kill: () => void worker.process.kill('SIGKILL'),
  };
}

/** Returns the channel to the primary; `undefined` if this process is not a worker. */
export function primaryChannel(): PrimaryChannel | undefined {
  const { worker } = cluster;
  if (!worker) return undefined;
  return {
    worker: worker.id,
    send: (message, sent = () => undefined) => {
      if (worker.isConnected()) process.send!(message, undefined, undefined, () => sent());
      else sent();
    },
    listen: (receive, lost) => {
      process.on('message', (message) => receive(message as ToWorker));
      worker.on('disconnect', () => {
        // Otherwise Node would exit at once after this event, and cut off all clients. It reads the
        // property in the same turn (lib/internal/cluster/child.js). The tests of workers pin it.
        worker.exitedAfterDisconnect = true;
        lost();
      });
    },
  };
}
