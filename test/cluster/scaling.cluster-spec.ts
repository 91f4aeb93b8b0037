import { table } from '../support/crowd.js';
import { ClusterRun, type Figures } from './support/cluster-run.js';
import { NGINX, type Preset, STAND_INS } from './support/presets.js';
import { type Kind, KINDS } from './support/travellers.js';

/** The times of the chart are divided by this. */
const SHORTENED_BY = 10;

// Pods start and end for real, which takes longer on a busy machine.
jest.setTimeout(180_000);

const rows: (string | number)[][] = [];
afterAll(() => {
  const head = [
    'way in',
    'pods',
    'seconds',
    ...KINDS.map((kind) => `${kind}: moved`),
    'worst gap ms',
    'messages',
  ];
  process.stderr.write(table(head, rows));
});

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

async function course(name: string, preset: Preset, sizes: readonly number[]): Promise<void> {
  const run = await ClusterRun.start(preset, SHORTENED_BY);
  const { deployment } = run;
  const note = (step: string, { seconds, moves, worstGapMs, messages }: Figures) => {
    const moved = KINDS.map((kind) => (moves[kind].length > 0 ? sum(moves[kind]) : ''));
    rows.push([name, step, Math.round(seconds * 10) / 10, ...moved, Math.round(worstGapMs), messages]);
  };
  for (const size of sizes) {
    const from = deployment.size;
    const step = `${from} to ${size}`;
    if (size > from) {
      const figures = await run.step(() => deployment.add(size - from));
      note(step, figures);
      expectMoves(preset, figures, size - from);
    } else {
      const leaving = deployment.oldest(from - size);
      const [held] = await deployment.sum(['socket_gateway_connections'], leaving);
      const figures = await run.step(() => deployment.remove(leaving));
      note(step, figures);
      // Only the clients of the leaving pods move, each once.
      expect(KINDS.map((kind) => Math.max(0, ...figures.moves[kind]))).toEqual(
        KINDS.map((kind) => (figures.moves[kind].length > 0 ? 1 : 0)),
      );
      expect(sum(KINDS.flatMap((kind) => figures.moves[kind]))).toBe(held);
    }
  }
  await run.stop();
}

/**
 * When pods are added, no client moves, except polling sessions that are bound by address: the new
 * pod may take over some addresses.
 */
function expectMoves({ routing }: Preset, { moves }: Figures, added: number): void {
  const most: Record<Kind, number> = {
    websocket: 0,
    polling: routing.by === 'address' ? added : 0,
    upgrading: 0,
  };
  for (const kind of KINDS) {
    for (const count of moves[kind]) expect(count).toBeLessThanOrEqual(most[kind]);
  }
  // Otherwise the result would say nothing about addresses.
  if (routing.by === 'address') expect(sum(moves.polling)).toBeGreaterThan(0);
}

describe('ingress-nginx', () => {
  it.each(Object.entries(NGINX))('%s: 1, 3, 5, 2 and 1 pods', (name, preset) =>
    course(name, preset(), [3, 5, 2, 1]),
  );
});

describe('instead of nginx', () => {
  it.each(Object.entries(STAND_INS))('%s: 1, 3 and 2 pods', (name, preset) => course(name, preset(), [3, 2]));
});
