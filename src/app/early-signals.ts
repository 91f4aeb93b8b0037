import cluster from 'node:cluster';

/**
 * The first import of `main.ts`: these signals must not end the process, even while it still loads.
 * For SIGUSR1, Node would open a debugger, which lets anyone who reaches it run code.
 */
export const HARMLESS_SIGNALS: readonly NodeJS.Signals[] =
  process.env.NODE_ENV === 'production' ? ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] : ['SIGHUP', 'SIGUSR2'];

for (const signal of HARMLESS_SIGNALS) process.on(signal, () => undefined);
// A worker is stopped by its primary. A terminal sends these signals to both.
if (cluster.isWorker) for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
