import { table } from '../support/crowd.js';
import { ClusterRun } from './support/cluster-run.js';
import { NGINX } from './support/presets.js';
import { KINDS } from './support/travellers.js';

const PODS = 3;
/**
 * Less than for scaling. The start time of a pod cannot be shortened, and how often clients move
 * depends on both times.
 */
const SHORTENED_BY = 5;

// Pods start and end for real, which takes longer on a busy machine.
jest.setTimeout(180_000);

const rows: (string | number)[][] = [];
afterAll(() => {
  const head = [
    'way in',
    'maxSurge',
    'clients',
    'seconds',
    'moved never',
    'once',
    'twice',
    'more',
    'mean',
    'worst gap ms',
  ];
  process.stderr.write(table(head, rows));
});

/** The number of clients by how often they were disconnected. */
async function rollOut(name: keyof typeof NGINX, surge: 1 | '100%') {
  const run = await ClusterRun.start(NGINX[name]!(), SHORTENED_BY, PODS);
  const { moves, seconds, worstGapMs } = await run.step(() => run.deployment.rollOut(surge));
  for (const kind of KINDS) {
    const counts = moves[kind];
    if (counts.length === 0) continue;
    const moved = [0, 1, 2].map((times) => counts.filter((count) => count === times).length);
    const more = counts.filter((count) => count > 2).length;
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const rounded = [Math.round(mean * 100) / 100, Math.round(worstGapMs)];
    rows.push([
      `${name}, ${kind}`,
      `${surge}`,
      counts.length,
      Math.round(seconds),
      ...moved,
      more,
      ...rounded,
    ]);
  }
  await run.stop();
  return moves;
}

const most = (counts: readonly number[]) => Math.max(...counts);
const least = (counts: readonly number[]) => Math.min(...counts);

// With a cookie, a polling client stays on its pod until the pod ends. Every pod ends once.
it.each(['WebSocket only, no affinity', 'nginx by cookie'])(
  '%s, all new pods first: every client moves once',
  async (name) => {
    const moves = await rollOut(name, '100%');
    for (const kind of KINDS) for (const count of moves[kind]) expect(count).toBe(1);
  },
);

it('by cookie, one pod at a time: every client moves, at most once for each pod that ends', async () => {
  const moves = await rollOut('nginx by cookie', 1);
  for (const kind of KINDS) {
    expect(least(moves[kind])).toBeGreaterThanOrEqual(1);
    expect(most(moves[kind])).toBeLessThanOrEqual(PODS);
  }
});

it('by address, one pod at a time: polling clients also move for each new pod', async () => {
  const moves = await rollOut('nginx by address', 1);
  for (const kind of KINDS) expect(least(moves[kind])).toBeGreaterThanOrEqual(1);
  expect(most([...moves.websocket, ...moves.upgrading])).toBeLessThanOrEqual(PODS);
  expect(most(moves.polling)).toBeLessThanOrEqual(2 * PODS);
});

it('by address, all new pods first: only polling clients move more than once', async () => {
  const moves = await rollOut('nginx by address', '100%');
  for (const kind of ['websocket', 'upgrading'] as const)
    for (const count of moves[kind]) expect(count).toBe(1);
  expect(least(moves.polling)).toBeGreaterThanOrEqual(1);
  expect(most(moves.polling)).toBeLessThanOrEqual(2 * PODS);
});
