import type { AdminStats, Percentiles } from '../../../src/contract/admin-stats.js';
import { bytes, count, milliseconds, plural } from '../format.js';
import { SLOW_UPDATES_MS } from '../stats/problems.js';
import type { Increases } from '../stats/increases.js';
import { byId, el, setData, setText } from '../ui/dom.js';
import type { Tone } from '../ui/keyed-table.js';

interface Tile {
  readonly label: string;
  value(stats: AdminStats, increases: Increases): string;
  note(stats: AdminStats, increases: Increases): string;
  tone?(stats: AdminStats, increases: Increases): Tone;
}

const redisProblems = ({ replicas }: AdminStats) =>
  replicas.filter(({ redis_problems }) => Object.keys(redis_problems).length > 0);
const withoutFeed = ({ replicas }: AdminStats) => replicas.filter(({ feed }) => feed === 'down').length;

const TILES: readonly Tile[] = [
  {
    label: 'Clients',
    value: ({ total }) => count(total.clients),
    note: ({ total: { rates } }) => `+${count(rates.connections)} −${count(rates.disconnections)} per s`,
  },
  {
    label: 'Updates delivered',
    value: ({ total }) => `${count(total.rates.deliveries)} /s`,
    note: ({ total }) => `${count(total.rates.broadcasts)} broadcasts /s`,
  },
  {
    label: 'Written',
    value: ({ total }) => `${bytes(total.rates.written_bytes)}/s`,
    note: ({ total }) => `${plural(total.rates.client_messages, 'request')} /s`,
  },
  latencyTile('End to end, p99', 'end_to_end', SLOW_UPDATES_MS),
  latencyTile('Relay, p99', 'relay', SLOW_UPDATES_MS),
  latencyTile('Flush, p99', 'flush', Infinity),
  {
    label: 'Conflated',
    value: ({ total }) => `${count(total.rates.conflated)} /s`,
    note: ({ total }) => `${count(total.counts.conflated)} in total`,
    tone: ({ total }) => (total.rates.conflated > 0 ? 'warn' : undefined),
  },
  {
    label: 'Lagging clients',
    value: ({ total }) => count(total.lagging_clients),
    note: ({ total }) => `of ${count(total.clients)}`,
    tone: ({ total }) => (total.lagging_clients > 0 ? 'warn' : undefined),
  },
  {
    label: 'Refused in a minute',
    value: (_, increases) =>
      count(increases.lastMinute('handshakes_refused') + increases.lastMinute('requests_refused')),
    note: (_, increases) => `${plural(increases.lastMinute('handshakes_refused'), 'handshake')}`,
    // Requests are refused every day. A handshake means that a client does not get in.
    tone: (_, increases) => (increases.lastMinute('handshakes_refused') > 0 ? 'warn' : undefined),
  },
  {
    label: 'Feed',
    value: ({ total }) => `${count(total.rates.feed_messages)} /s`,
    note: (stats) =>
      withoutFeed(stats) === 0 ? 'reaches all replicas' : `down on ${plural(withoutFeed(stats), 'replica')}`,
    tone: (stats) => (withoutFeed(stats) > 0 ? 'bad' : undefined),
  },
  {
    label: 'Redis',
    value: (stats) => (redisProblems(stats).length === 0 ? 'OK' : 'Problems'),
    note: (stats) =>
      redisProblems(stats).length === 0
        ? `on ${plural(stats.replicas.length, 'replica')}`
        : redisProblems(stats)
            .map(({ replica }) => replica)
            .join(', '),
    tone: (stats) => (redisProblems(stats).length > 0 ? 'bad' : undefined),
  },
  {
    label: 'Replicas',
    value: ({ replicas }) => count(replicas.length),
    note: ({ missing, replicas }) => {
      const draining = replicas.filter(({ state }) => state === 'draining').length;
      const named = [
        draining > 0 && `${draining} draining`,
        missing.length > 0 && `${missing.length} missing`,
      ];
      return named.filter(Boolean).join(', ') || 'all serve';
    },
    tone: ({ missing, replicas }) => {
      if (missing.length > 0) return 'bad';
      return replicas.some(({ state }) => state === 'draining') ? 'warn' : undefined;
    },
  },
];

function latencyTile(label: string, name: 'end_to_end' | 'relay' | 'flush', slowAboveMs: number): Tile {
  const of = ({ total }: AdminStats): Percentiles | undefined => total.latency[name];
  return {
    label,
    value: (stats) => milliseconds(of(stats)?.p99_ms),
    note: (stats) => (of(stats) ? `p50 ${milliseconds(of(stats)!.p50_ms)}` : 'nothing measured'),
    tone: (stats) => ((of(stats)?.p99_ms ?? 0) > slowAboveMs ? 'bad' : undefined),
  };
}

/** The most important numbers of all replicas together. */
export class Tiles {
  private readonly tiles = TILES.map((tile) => {
    const [value, note] = [el('dd', { class: 'value' }), el('dd', { class: 'note' })];
    const element = el('div', { class: 'tile' }, el('dt', {}, tile.label), value, note);
    return { tile, element, value, note };
  });

  constructor() {
    byId('tiles', HTMLDListElement).append(...this.tiles.map(({ element }) => element));
  }

  show(stats: AdminStats, increases: Increases): void {
    for (const { tile, element, value, note } of this.tiles) {
      setText(value, tile.value(stats, increases));
      setText(note, tile.note(stats, increases));
      setData(element, 'tone', tile.tone?.(stats, increases));
    }
  }
}
