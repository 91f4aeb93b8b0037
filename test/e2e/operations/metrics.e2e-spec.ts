import 'reflect-metadata';
import { pino } from 'pino';
import { createGateway, type Gateway } from '../../../src/app/create-gateway.js';
import { memoryPorts } from '../../../src/app/memory-ports.js';
import { loadConfig } from '../../../src/config/gateway-config.js';
import { FEED_CHANNELS } from '../../../src/feed/channels.js';
import { MetricsRegistry } from '../../../src/metrics/metrics-registry.js';
import { allMetrics } from '../../support/all-metrics.js';
import { underlying } from '../../support/messages.js';
import { parsePrometheusText } from '../../support/prometheus-text.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/** The values of a metric's series, by their labels as Prometheus' text has them. */
function seriesOf(text: string, name: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name);
  return new Map(
    lines.map((line) => {
      const [, labels = '', value = ''] = /^\w+(?:\{(.*)\})? (\S+)$/.exec(line)!;
      return [labels, value];
    }),
  );
}

describe('metrics of a gateway that has just started', () => {
  let text: string;
  beforeAll(async () => (text = await allMetrics()));

  it('every labelled counter has its series with 0, so that rate() sees the first increment', () => {
    const counters = [...text.matchAll(/^# TYPE (socket_gateway_\w+) counter$/gm)].map(([, name]) => name!);
    expect(counters.length).toBeGreaterThan(30);
    const without = counters.filter((name) => seriesOf(text, name).size === 0);
    // Its labels are the products and fields of bad messages, which are not known before.
    expect(without).toEqual(['socket_gateway_feed_bad_values_total']);
    expect([...seriesOf(text, 'socket_gateway_feed_rejected_total')]).toEqual(
      expect.arrayContaining([
        ['reason="not_json"', '0'],
        ['reason="internal_error"', '0'],
      ]),
    );
    expect(seriesOf(text, 'socket_gateway_redis_errors_total').get('connection="feed",kind="silent"')).toBe(
      '0',
    );
    expect(seriesOf(text, 'socket_gateway_disconnects_total').get('reason="other"')).toBe('0');
  });

  it('every labelled histogram has its series with 0', () => {
    const counts = seriesOf(text, 'socket_gateway_end_to_end_latency_seconds_count');
    expect([...counts]).toEqual([
      ['event="underlying_update"', '0'],
      ['event="chain_summary"', '0'],
      ['event="chain_update"', '0'],
      ['event="chain_view"', '0'],
      ['event="portfolio_update"', '0'],
    ]);
    expect([...seriesOf(text, 'socket_gateway_relay_latency_seconds_count')]).toEqual([...counts]);
  });

  it('build_info names the version of the gateway and of Node.js', () => {
    const version = process.versions.node;
    expect([...seriesOf(text, 'socket_gateway_build_info')]).toEqual([
      [`version="0.1.0",node="${version}"`, '1'],
    ]);
  });

  it('max_connections is the limit of this replica', () => {
    expect([...seriesOf(text, 'socket_gateway_max_connections')]).toEqual([['', '50000']]);
  });
});

describe('metrics of a gateway with a feed', () => {
  const config = loadConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    DRAIN_TIMEOUT_MS: '0',
    MAX_EVENT_LOOP_DELAY_MS: '0', // the machine may stall
    STALE_AFTER_MS: '1000',
    PRODUCTS: 'NEVER,STOPPED',
  });
  const ports = memoryPorts(config);
  let gateway: Gateway;
  beforeAll(async () => (gateway = await createGateway(config, ports, pino({ level: 'silent' }))));
  afterAll(() => gateway.close());
  const read = async () => parsePrometheusText(await gateway.app.get(MetricsRegistry).text());

  it('the way of an update from its producer is measured once, not for each client', async () => {
    const clients = await Promise.all(
      [1, 2, 3].map(() => TestClient.connect(`http://127.0.0.1:${gateway.port}`)),
    );
    const now = new Date(Date.now() - 300).toISOString();
    const message = { ...underlying('STOPPED', 1), timestamp: now, processed_at: now };
    ports.feed.publish(FEED_CHANNELS[0]!, JSON.stringify(message));
    await waitFor(() => clients.every((client) => client.all('underlying_update').length === 1));
    const samples = await read();
    const of = (suffix: string, more = '', name = 'end_to_end') =>
      samples.get(`socket_gateway_${name}_latency_seconds_${suffix}{${more}event="underlying_update"}`);
    expect(of('count')).toBe(1);
    expect(of('count', '', 'relay')).toBe(1);
    expect(of('sum', '', 'relay')).toBeGreaterThan(0);
    expect(of('sum', '', 'relay')).toBeLessThan(of('sum')! - 0.29);
    expect(of('sum')).toBeGreaterThanOrEqual(0.3);
    expect(of('bucket', 'le="0.25",')).toBe(0);
    for (const client of clients) client.close();
  });

  it('a configured product that never had an update is told apart from one that has stopped', async () => {
    await waitFor(async () => (await read()).get('socket_gateway_stale_products') === 2);
    expect((await read()).get('socket_gateway_unseen_products')).toBe(1);
  });
});
