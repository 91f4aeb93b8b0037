import type { ConnectionState, Health, Heartbeat } from '@deltastream/socket-client';
import { Cleanup, type Component } from '../component.js';
import { create, setAttribute, setText } from '../dom.js';
import { age, bytes, clockTime, count, decimal, NO_VALUE } from '../format.js';
import type { Page } from '../page.js';
import { ConnectionLog } from './connection-log.js';
import { LatencyProbe } from './latency.js';

export const STATES: Readonly<Record<ConnectionState, string>> = {
  connecting: 'Connecting…',
  connected: 'Connected',
  draining: 'Moving to another replica',
  reconnecting: 'Reconnecting…',
  closed: 'Disconnected',
};

const HEALTHS: Readonly<Record<Health, string>> = {
  live: 'live',
  market_closed: 'every market is closed',
  feed_down: 'cut off from the feed',
  disconnected: 'no connection',
  unknown: 'not known yet',
};

const ROWS = {
  state: 'State',
  health: 'Data',
  replica: 'Replica',
  id: 'Connection',
  user: 'User',
  latency: 'Latency',
  updates: 'Updates',
  bytes: 'Received',
  heartbeat: 'Last heartbeat',
  queue: 'Gateway queue',
  lagging: 'Lagging',
  reconnections: 'Reconnections',
} as const;
type RowName = keyof typeof ROWS;

/** The page has kept up for so long that the notice of lagging is over. In ms. */
const LAGGING_SHOWN_MS = 10_000;

/** The connection to the gateway: its state, what it brings and costs, and what has happened to it. */
export function createConnectionPanel(page: Page): Component {
  const { client, frames, clock, traffic } = page;
  const cleanup = new Cleanup();
  const request = (): void => frames.request(draw);
  const log = new ConnectionLog(client, request);
  const probe = new LatencyProbe(client, request);
  let beat: Heartbeat | undefined;
  let beatAt = -Infinity;

  const values = new Map<RowName, HTMLElement>();
  const list = create(
    'dl',
    'facts',
    ...(Object.keys(ROWS) as RowName[]).map((name) => {
      const value = create('dd', '', NO_VALUE);
      value.dataset.fact = name;
      values.set(name, value);
      return create('div', 'fact', create('dt', 'muted', ROWS[name]), value);
    }),
  );
  const entries = create('ol', 'connection-log');
  const title = create('h2', '', 'Connection');
  title.id = 'connection-title';
  const logTitle = create('h3', 'hidden', 'What has happened to the connection');
  const element = create(
    'section',
    'panel connection',
    create('header', '', title),
    list,
    logTitle,
    entries,
    links(),
  );
  element.id = 'connection';
  element.setAttribute('aria-labelledby', title.id);

  const show = (name: RowName, text: string, state?: 'good' | 'warn' | 'bad'): void => {
    const value = values.get(name)!;
    setText(value, text);
    setAttribute(value, 'data-state', state);
  };

  function draw(): void {
    const { state, health, user, replica, clientId } = client;
    const isOpen = state === 'connected' || state === 'draining';
    show('state', STATES[state], state === 'connected' ? 'good' : state === 'closed' ? 'bad' : 'warn');
    show('health', HEALTHS[health], health === 'live' ? 'good' : health === 'unknown' ? undefined : 'warn');
    show('replica', isOpen ? (replica ?? NO_VALUE) : NO_VALUE);
    show('id', isOpen ? (clientId ?? NO_VALUE) : NO_VALUE);
    show('user', user ? `${user.user_id} (${user.role})` : 'anonymous');
    const { last, median } = probe;
    show('latency', last === undefined || !isOpen ? NO_VALUE : `${ms(last)}, median ${ms(median ?? last)}`);
    show('updates', isOpen ? `${rate(traffic.updatesPerSecond)} / s` : NO_VALUE);
    show('bytes', isOpen ? `${bytes(traffic.bytesPerSecond)} / s, ${bytes(traffic.bytes)} in all` : NO_VALUE);
    const since = performance.now() - Math.max(beatAt, probe.answeredAt);
    show('heartbeat', isOpen && Number.isFinite(since) ? `${age(since)} ago` : NO_VALUE);
    show('queue', isOpen && beat ? ms(beat.queue_ms) : NO_VALUE);
    const isLagging = performance.now() - log.laggedAt < LAGGING_SHOWN_MS;
    show(
      'lagging',
      log.dropped === 0 ? 'no' : `${isLagging ? 'yes' : 'not now'}, ${count(log.dropped)} skipped`,
      isLagging ? 'bad' : undefined,
    );
    show('reconnections', count(log.reconnections));
    drawLog();
  }

  let drawn: unknown;
  function drawLog(): void {
    if (log.entries[0] === drawn) return;
    drawn = log.entries[0];
    entries.replaceChildren(
      ...log.entries.map(({ at, text, kind }) => {
        const time = create('time', 'muted', clockTime(at));
        const entry = create('li', '', time, ' ', text);
        entry.dataset.kind = kind;
        return entry;
      }),
    );
  }

  cleanup.add(
    client.on('heartbeat', (heartbeat) => {
      beat = heartbeat;
      beatAt = performance.now();
      request();
    }),
    client.on('state', request),
    client.on('connected', request),
    client.on('health', request),
    clock.onTick(request),
    () => log.stop(),
    () => probe.stop(),
    () => frames.cancel(draw),
  );
  draw();
  return { element, destroy: () => cleanup.run() };
}

/** The documentation that every gateway serves. */
function links(): HTMLElement {
  const link = (href: string, text: string): HTMLElement => {
    const anchor = create('a', '', text);
    anchor.href = href;
    return anchor;
  };
  const nav = create(
    'nav',
    'connection-links',
    link('./docs', 'Documentation'),
    link('./asyncapi.yaml', 'Event contract'),
    link('./openapi.yaml', 'HTTP API'),
  );
  nav.setAttribute('aria-label', 'The contract of the gateway');
  return nav;
}

function ms(value: number): string {
  return `${decimal(value, value < 10 ? 1 : 0)} ms`;
}

function rate(value: number | undefined): string {
  return value === undefined ? NO_VALUE : decimal(value, value < 10 ? 1 : 0);
}
