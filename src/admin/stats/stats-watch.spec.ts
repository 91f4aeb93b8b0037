import type { AdminStats } from '../../contract/index.js';
import type { FreshnessService } from '../../freshness/freshness.service.js';
import { RateLimitedLog } from '../../logging/rate-limited-log.js';
import type { GatewayServer } from '../../transports/socket-io/socket-server.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { FakeReplicas } from '../../../test/support/fake-replicas.js';
import type { SentReport } from './replica-report.js';
import type { StatsSampler } from './stats-sampler.js';
import { StatsWatch } from './stats-watch.js';

const REPORT = { clients: 2, rates: {}, counts: {}, latency: {} } as unknown as SentReport;

let clock: FakeClock;
let network: FakeReplicas;

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeReplicas(clock);
});

interface Replica {
  readonly watch: StatsWatch;
  readonly samples: () => number;
}

/** Starts a replica whose sampler needs a first sample to compare with, like the real one. */
function start(name: string): Replica {
  const { bus, roster } = network.add(name);
  roster.onApplicationBootstrap();
  clock.advance(0);
  let samples = 0;
  const sampler = {
    sample: () => Promise.resolve(++samples === 1 ? undefined : { ...REPORT, replica: name }),
  } as unknown as StatsSampler;
  const server = {
    sockets: { adapter: { rooms: new Map() } },
    local: { to: () => ({ emit: () => true }) },
  } as unknown as GatewayServer;
  const freshness = { oldest: () => [] } as unknown as FreshnessService;
  const log = new RateLimitedLog({ warn: (_, fault) => void network.faults.push(fault) }, () => 0, 0);
  const watch = new StatsWatch(bus, roster, sampler, freshness, server, clock, log);
  watch.onModuleInit();
  return { watch, samples: () => samples };
}

/** Passes time in steps, between which promises settle. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  await new Promise((resolve) => setImmediate(resolve));
}

const kinds = () => network.sent.map(({ kind }) => kind).filter((kind) => kind !== 'hello');

it('shows each second what all replicas report, while someone watches', async () => {
  const [a] = [start('a'), start('b'), start('c')];
  const seen: AdminStats[] = [];
  const stop = a.watch.watch((stats) => seen.push(stats));
  await pass(5_000);
  expect(seen.length).toBeGreaterThanOrEqual(4);
  expect(seen.at(-1)).toMatchObject({ replica: 'a', missing: [], total: { clients: 6 } });
  expect(seen.at(-1)!.replicas.map(({ replica }) => replica)).toEqual(['a', 'b', 'c']);
  stop();
  await pass(6_000);
  const { length } = seen;
  await pass(3_000);
  expect(seen).toHaveLength(length);
});

it('measures and sends nothing before the first watcher and after the last one', async () => {
  const [a, b] = [start('a'), start('b')];
  await pass(3_000);
  expect([a.samples(), b.samples(), kinds()]).toEqual([0, 0, []]);
  const stop = a.watch.watch(() => undefined);
  await pass(3_000);
  expect(kinds()).toContain('report');
  stop();
  await pass(6_000);
  const before = [a.samples(), b.samples(), network.sent.length];
  await pass(10_000);
  expect([a.samples(), b.samples(), network.sent.length]).toEqual(before);
});

it('sends one message per second and replica', async () => {
  const [a] = [start('a'), start('b'), start('c')];
  a.watch.watch(() => undefined);
  await pass(11_000);
  const reports = network.sent.filter(({ kind, from }) => kind === 'report' && from === 'b');
  expect(reports.length).toBeGreaterThanOrEqual(9);
  expect(reports.length).toBeLessThanOrEqual(11);
});

it('names a replica within three seconds after its last report, and no replica before it is due', async () => {
  const [a] = [start('a'), start('b')];
  const seen: AdminStats[] = [];
  a.watch.watch((stats) => seen.push(stats));
  await pass(4_000);
  expect(seen.flatMap(({ missing }) => missing)).toEqual([]);
  network.cut('b');
  seen.length = 0;
  await pass(3_100);
  expect(seen.at(-1)).toMatchObject({ missing: [{ replica: 'b' }], total: { clients: 2 } });
  expect(seen.at(-1)!.missing[0]!.silent_ms).toBeGreaterThan(2_000);
  await pass(100_000);
  expect(seen.at(-1)!.missing).toEqual([]); // it is forgotten
});

it('names a replica that hung before anyone watched', async () => {
  const [a] = [start('a'), start('b')];
  network.cut('b');
  const seen: AdminStats[] = [];
  a.watch.watch((stats) => seen.push(stats));
  await pass(3_100);
  expect(seen.at(-1)!.missing).toMatchObject([{ replica: 'b' }]);
});

it('goes on after a failed sample', async () => {
  const { watch } = start('a');
  const sampler = Reflect.get(watch, 'sampler') as StatsSampler;
  const seen: AdminStats[] = [];
  watch.watch((stats) => seen.push(stats));
  await pass(2_000);
  const sample = jest.spyOn(sampler, 'sample').mockRejectedValueOnce(new Error('a bug'));
  await pass(3_000);
  expect(network.faults).toEqual(['admin_stats_failed']);
  expect(sample.mock.calls.length).toBeGreaterThan(1);
  expect(seen.length).toBeGreaterThanOrEqual(3);
});

it('stops with the application', async () => {
  const { watch, samples } = start('a');
  watch.watch(() => undefined);
  await pass(2_000);
  watch.onApplicationShutdown();
  const before = samples();
  await pass(3_000);
  expect(samples()).toBe(before);
});
