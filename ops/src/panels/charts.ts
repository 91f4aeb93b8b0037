import { bytes, count, milliseconds } from '../format.js';
import type { Recent } from '../stats/recent.js';
import { byId } from '../ui/dom.js';
import { Chart, type ChartSpec, type Line } from '../ui/chart.js';

/** More lines than this cannot be told apart: the others are left out. */
const MAX_LINES = 8;

/** One line for each replica, if they are few enough, and otherwise those that `recent` has first. */
const ofReplicas =
  (prefix: string, total?: Line) =>
  (recent: Recent): Line[] => {
    const names = recent.names(`${prefix}:`);
    if (names.length > MAX_LINES && total) return [total];
    return names.slice(0, MAX_LINES).map((name) => ({ label: name, series: `${prefix}:${name}` }));
  };

const fixed = (lines: readonly (readonly [label: string, series: string])[]) => {
  const made = lines.map(([label, series]) => ({ label, series }));
  return () => made;
};

const wholePercent = (value: number | undefined) =>
  value === undefined ? '–' : `${count(Math.round(value))} %`;

const SPECS: readonly ChartSpec[] = [
  {
    title: 'Clients',
    lines: ofReplicas('clients', { label: 'all replicas', series: 'clients' }),
    write: count,
    atLeast: 10,
  },
  {
    title: 'Updates delivered per second',
    lines: fixed([['all replicas', 'deliveries']]),
    write: count,
    atLeast: 10,
  },
  {
    title: 'Bytes written per second',
    lines: fixed([['all replicas', 'bytes']]),
    write: bytes,
    atLeast: 1_000,
  },
  {
    title: 'End to end',
    lines: fixed([
      ['p99', 'end_to_end_p99'],
      ['p50', 'end_to_end_p50'],
    ]),
    write: milliseconds,
    atLeast: 10,
  },
  {
    title: 'Relay and flush',
    lines: fixed([
      ['relay p99', 'relay_p99'],
      ['relay p50', 'relay_p50'],
      ['flush p99', 'flush_p99'],
    ]),
    write: milliseconds,
    atLeast: 5,
  },
  {
    title: 'Slow clients',
    lines: fixed([
      ['lagging', 'lagging'],
      ['conflated per second', 'conflated'],
    ]),
    write: count,
    atLeast: 5,
  },
  {
    title: 'Per second',
    lines: fixed([
      ['refused', 'refusals'],
      ['connected', 'connections'],
      ['disconnected', 'disconnections'],
    ]),
    write: count,
    atLeast: 5,
  },
  { title: 'Processor, share of a core', lines: ofReplicas('cpu'), write: wholePercent, atLeast: 100 },
  { title: 'Event loop delay', lines: ofReplicas('loop'), write: milliseconds, atLeast: 50 },
];

/** All charts. They are drawn only while they can be seen. */
export class Charts {
  private readonly charts: readonly Chart[];
  private isVisible = true;

  constructor(recent: Recent, announce: (text: string) => void) {
    this.charts = SPECS.map((spec) => new Chart(spec, recent, announce));
    byId('charts', HTMLDivElement).append(...this.charts.map(({ element }) => element));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const chart of this.charts) chart.rebuild();
    });
  }

  set visible(isVisible: boolean) {
    this.isVisible = isVisible;
    this.draw();
  }

  draw(): void {
    if (!this.isVisible || document.hidden) return;
    for (const chart of this.charts) chart.draw();
  }
}
