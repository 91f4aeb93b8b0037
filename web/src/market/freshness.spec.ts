import { type FreshnessFacts, staleReason } from './freshness.js';

const LIVE: FreshnessFacts = {
  connected: true,
  health: 'live',
  market: undefined,
  staleness: undefined,
  hasPrice: true,
};
const stale = (last_update: string | null) => ({
  product: 'NIFTY',
  stale: true,
  reason: 'feed' as const,
  status: { product: 'NIFTY', status: 'stale' as const, last_update, age_ms: null },
});

it.each<[string | undefined, Partial<FreshnessFacts>]>([
  [undefined, {}],
  [undefined, { market: 'open' }],
  ['no connection', { connected: false, health: 'disconnected', market: 'closed' }],
  ['no feed', { health: 'feed_down', market: 'open', staleness: stale(null) }],
  ['market closed', { market: 'closed', staleness: stale('2026-11-22T04:43:39Z') }],
  ['pre-open', { market: 'pre' }],
  ['halted', { market: 'halted' }],
  ['feed stopped', { staleness: stale('2026-11-22T04:43:39Z') }],
  ['no price yet', { staleness: stale(null), hasPrice: false }],
  ['waiting', { staleness: { product: 'NIFTY', stale: true, reason: 'connection' } }],
  [undefined, { staleness: { product: 'NIFTY', stale: false } }],
  ['no price yet', { hasPrice: false }],
])('%s: the first reason that applies', (reason, facts) => {
  expect(staleReason({ ...LIVE, ...facts })?.short).toBe(reason);
});
