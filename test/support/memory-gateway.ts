import { createGateway } from '../../src/app/create-gateway.js';
import { memoryPorts } from '../../src/app/memory-ports.js';
import type { Ports } from '../../src/app/ports.js';
import { loadConfig } from '../../src/config/gateway-config.js';
import { createLogger } from '../../src/logging/logger.js';
import { cleanUp } from './cleanup.js';
import { closedMarket } from './market-hours.js';

/** Starts a gateway in this process, on ports in memory. It is closed after the test. */
export async function startMemoryGateway(
  env: Readonly<Record<string, string>> = {},
  ports: Partial<Ports> = {},
) {
  const config = loadConfig({
    NODE_ENV: 'test',
    MARKET_HOURS: closedMarket(),
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'silent',
    DRAIN_TIMEOUT_MS: '0',
    MAX_EVENT_LOOP_DELAY_MS: '0', // the machine may stall, and other tests cover this limit
    ...env,
  });
  const inMemory = memoryPorts(config);
  const gateway = await createGateway(config, { ...inMemory, ...ports }, createLogger(config));
  cleanUp(() => gateway.close());
  return { ports: inMemory, url: `http://127.0.0.1:${gateway.port}` };
}
