import { createChainPanel } from '../chain/index.js';
import { createChartsPanel } from '../charts/index.js';
import { Cleanup, type Component } from '../component.js';
import { create, setAttribute, setText } from '../dom.js';
import { age, minuteTime, money, NO_VALUE, signed, signedPercent } from '../format.js';
import type { Page } from '../page.js';
import { Selection } from '../selection.js';
import { createTiles } from './tiles.js';

/** The open product: its price, its tiles, its option chain and its charts. */
export function createProductView(shared: Page, symbol: string): Component & { readonly symbol: string } {
  const page: Page = { ...shared, selection: new Selection() };
  const { market, frames, clock } = page;
  const cleanup = new Cleanup();

  const title = create('h2', 'product-name', symbol);
  title.id = 'product-title';
  const price = create('p', 'product-price');
  const change = create('p', 'product-change');
  const note = create('p', 'product-note muted');
  const head = create('header', 'product-head', title, price, change, note);
  const tiles = createTiles(page, symbol);
  const chain = createChainPanel(page, symbol);
  const charts = createChartsPanel(page, symbol);
  chain.element.classList.add('chain-area');
  charts.element.classList.add('charts-area');
  const element = create(
    'section',
    'product',
    create('div', 'panel product-summary', head, tiles.element),
    chain.element,
    charts.element,
  );
  element.setAttribute('aria-labelledby', title.id);

  function draw(): void {
    const product = market.products.get(symbol);
    const reason = product && market.staleReasonOf(product);
    const { change: move, changeFraction, reference } = product ?? {};
    setText(price, money(symbol, product?.price));
    setText(change, move === undefined ? '' : `${signed(move)} (${signedPercent(changeFraction)})`);
    setAttribute(head, 'data-direction', !move ? '' : move > 0 ? 'up' : 'down');
    head.classList.toggle('stale', reason !== undefined);
    const since =
      reference &&
      (reference.source === 'history'
        ? `since the session's first price at ${minuteTime(reference.at)}`
        : `since the first price seen here at ${minuteTime(reference.at)}`);
    const updated = product && !Number.isNaN(product.at) ? `${age(clock.now() - product.at)} old` : NO_VALUE;
    setText(note, reason ? `${reason.long} Last price ${updated}.` : (since ?? ''));
    document.title =
      product?.price === undefined ? 'DeltaStream live' : `${symbol} ${money(symbol, product.price)}`;
  }

  cleanup.add(
    market.on((event, product) => {
      if (event !== 'chain' && (!product || product.symbol === symbol)) frames.request(draw);
    }),
    clock.onTick(() => frames.request(draw)),
    () => frames.cancel(draw),
    () => [tiles, chain, charts].forEach((part) => part.destroy()),
  );
  draw();
  return { symbol, element, destroy: () => cleanup.run() };
}
