import 'reflect-metadata';
import { pino } from 'pino';
import { createGateway } from '../../src/app/create-gateway.js';
import { memoryPorts } from '../../src/app/memory-ports.js';
import { loadConfig } from '../../src/config/gateway-config.js';
import { MetricsRegistry } from '../../src/metrics/metrics-registry.js';

/** The metrics of a gateway with default settings, in Prometheus' text format. */
export async function allMetrics(): Promise<string> {
  const config = loadConfig({ HOST: '127.0.0.1', PORT: '0', DRAIN_TIMEOUT_MS: '0' });
  const gateway = await createGateway(config, memoryPorts(config), pino({ level: 'silent' }));
  try {
    return await gateway.app.get(MetricsRegistry).text();
  } finally {
    await gateway.close();
  }
}
