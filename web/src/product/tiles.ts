import { Cleanup, type Component } from '../component.js';
import { create, setAttribute, setText } from '../dom.js';
import { clockTime, compact, count, decimal, expiryDay, money, NO_VALUE, strike, timeOf } from '../format.js';
import type { ChainFigures } from '../market/market.js';
import type { Page } from '../page.js';

const NAMES = {
  pcrOi: 'PCR (OI)',
  pcrVolume: 'PCR (volume)',
  maxPain: 'Max pain',
  straddle: 'ATM straddle',
  totalOi: 'Total OI',
  feed: 'Feed',
  market: 'Market',
} as const;
type TileName = keyof typeof NAMES;

const HINTS: Readonly<Partial<Record<TileName, string>>> = {
  pcrOi: 'Put/call ratio by open interest',
  pcrVolume: 'Put/call ratio by volume',
  maxPain: 'The strike at which the buyers of the options lose the most',
  straddle: 'The price of the call and the put at the money',
  totalOi: 'The open interest of all calls and puts of this expiry',
};

/**
 * The figures of the open product, for the expiry that is selected in its chain.
 */
export function createTiles(page: Page, symbol: string): Component {
  const { client, market, frames, clock, selection } = page;
  const cleanup = new Cleanup();

  const tile = (name: TileName) => {
    const value = create('dd', 'tile-value', NO_VALUE);
    const detail = create('dd', 'tile-detail muted');
    const box = create('div', 'tile', create('dt', 'tile-name', NAMES[name]), value, detail);
    box.dataset.tile = name;
    setAttribute(box, 'title', HINTS[name]);
    return { tile: box, value, detail };
  };
  const tiles = {
    pcrOi: tile('pcrOi'),
    pcrVolume: tile('pcrVolume'),
    maxPain: tile('maxPain'),
    straddle: tile('straddle'),
    totalOi: tile('totalOi'),
    feed: tile('feed'),
    market: tile('market'),
  } satisfies Record<TileName, unknown>;
  const element = create('dl', 'tiles', ...Object.values(tiles).map(({ tile: box }) => box));
  element.setAttribute('aria-label', `Figures of ${symbol}`);

  function show(name: TileName, value: string, detail = '', state = ''): void {
    setText(tiles[name].value, value);
    setText(tiles[name].detail, detail);
    setAttribute(tiles[name].tile, 'data-state', state || undefined);
  }

  function draw(): void {
    const product = market.products.get(symbol);
    const expiry = selection.expiry ?? product?.expiries[0];
    const figures = expiry === undefined ? undefined : product?.chains.get(expiry);
    const day = expiry === undefined ? '' : expiryDay(expiry);
    drawChain(figures, day);
    drawStatuses();
  }

  function drawChain(figures: ChainFigures | undefined, day: string): void {
    show('pcrOi', decimal(figures?.pcr_oi), day);
    show('pcrVolume', decimal(figures?.pcr_volume), day);
    const pain = figures?.max_pain_strike;
    const distance = figures && figures.max_pain_strike - figures.spot_price;
    show('maxPain', strike(pain), distance === undefined ? day : `${signedStrike(distance)} to spot`);
    const straddle = figures?.atm_straddle_price;
    const share = straddle && figures.spot_price ? straddle / figures.spot_price : undefined;
    show(
      'straddle',
      money(symbol, straddle),
      share === undefined ? day : `±${decimal(share * 100, 1)} % of spot`,
    );
    const { total_call_oi: calls, total_put_oi: puts } = figures ?? {};
    const both = typeof calls === 'number' && typeof puts === 'number';
    show(
      'totalOi',
      both ? compact(calls + puts) : NO_VALUE,
      both ? `C ${compact(calls)} · P ${compact(puts)}` : day,
    );
    const exact = both ? `: calls ${count(calls)}, puts ${count(puts)}` : '';
    setAttribute(tiles.totalOi.tile, 'title', HINTS.totalOi! + exact);
  }

  function drawStatuses(): void {
    const product = market.products.get(symbol);
    const reason = product && market.staleReasonOf(product);
    const { state, health } = client;
    if (state !== 'connected' && state !== 'draining') show('feed', 'Unknown', 'no connection', 'bad');
    else if (health === 'feed_down') show('feed', 'Down', 'the gateway has no feed', 'bad');
    else if (product?.staleness?.stale) {
      const last = product.staleness.status?.last_update;
      show('feed', 'Stopped', last ? `last ${clockTime(timeOf(last))}` : (reason?.short ?? ''), 'bad');
    } else
      show(
        'feed',
        product?.price === undefined ? 'Waiting' : 'Live',
        '',
        product?.price === undefined ? '' : 'good',
      );

    const phase = market.phaseOf(symbol);
    if (!phase) {
      const closed = health === 'market_closed';
      show('market', closed ? 'Closed' : 'Open', closed ? '' : 'no hours configured', closed ? 'warn' : '');
      return;
    }
    const { status, until } = phase;
    const words = { open: 'Open', closed: 'Closed', pre: 'Pre-open', halted: 'Halted' } as const;
    const next = { open: 'closes', closed: 'opens', pre: 'opens', halted: 'until' } as const;
    const end = until === null ? '' : `${next[status]} ${whenText(timeOf(until), clock.now())}`;
    show('market', words[status], end, status === 'open' ? 'good' : 'warn');
  }

  cleanup.add(
    market.on((_event, product) => {
      if (!product || product.symbol === symbol) frames.request(draw);
    }),
    selection.onChange(() => frames.request(draw)),
    clock.onTick(() => frames.request(draw)),
    () => frames.cancel(draw),
  );
  draw();
  return { element, destroy: () => cleanup.run() };
}

function signedStrike(distance: number): string {
  return `${distance > 0 ? '+' : distance < 0 ? '\u2212' : ''}${strike(Math.abs(Math.round(distance)))}`;
}

const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit' });
const TIME = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const NEAR_MS = 12 * 3_600_000;

/** A time in the near future: without the day if it is less than 12 hours away. */
function whenText(at: number, now: number): string {
  return (at - now < NEAR_MS ? TIME : WEEKDAY).format(at);
}
