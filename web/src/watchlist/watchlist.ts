import { Cleanup, type Component } from '../component.js';
import { create, setAttribute, setText } from '../dom.js';
import type { Product } from '../market/market.js';
import type { Page } from '../page.js';
import { LISTED, nextOrder, type Order, ordered, type SortKey } from './order.js';
import { WatchlistRow } from './row.js';

export interface Watchlist extends Component {
  /** Marks the row of the open product. */
  setOpen(symbol: string | undefined): void;
}

const HEADS: readonly { readonly key?: SortKey; readonly title: string; readonly className: string }[] = [
  { key: 'product', title: 'Product', className: '' },
  { title: 'Session', className: 'watch-trend' },
  { key: 'price', title: 'Last', className: 'number' },
  { title: 'Change', className: 'number watch-change' },
  { key: 'change', title: 'Chg %', className: 'number' },
  { key: 'age', title: 'Age', className: 'number watch-age' },
];

/**
 * All products with their prices. Arrow keys move between the rows, Enter opens one, and typing a
 * slash anywhere on the page moves to the search.
 * @param open called with the product that the reader chooses
 */
export function createWatchlist(page: Page, open: (symbol: string) => void): Watchlist {
  const { market, frames, clock } = page;
  const cleanup = new Cleanup();
  const rows = new Map<string, WatchlistRow>();
  const dirty = new Set<Product>();
  let order: Order = LISTED;
  let opened: string | undefined;
  /** The row that Tab reaches. */
  let current: string | undefined;

  const search = create('input', 'search');
  search.type = 'search';
  search.placeholder = 'Search';
  search.setAttribute('aria-label', 'Search products');
  search.setAttribute('aria-keyshortcuts', '/');
  const body = create('tbody');
  const empty = create('p', 'note', 'No product yet. They appear as soon as the feed publishes.');
  const heads = new Map<SortKey, HTMLTableCellElement>();
  const table = create('table', 'watch-table', create('thead', '', headRow()), body);
  table.setAttribute('aria-label', 'Products. Arrow keys move between the rows, Enter opens one.');
  const title = create('h2', '', 'Watchlist');
  title.id = 'watchlist-title';
  const element = create(
    'section',
    'panel watchlist',
    create('header', '', title, search),
    create('div', 'watch-scroll', table, empty),
  );
  element.setAttribute('aria-labelledby', title.id);

  function headRow(): HTMLTableRowElement {
    return create(
      'tr',
      '',
      ...HEADS.map(({ key, title: text, className }) => {
        const head = create('th', className);
        head.scope = 'col';
        if (!key) {
          head.append(text);
          return head;
        }
        const button = create('button', 'sort', text);
        button.type = 'button';
        button.addEventListener('click', () => {
          order = nextOrder(order, key);
          frames.request(arrange);
        });
        heads.set(key, head);
        head.append(button);
        return head;
      }),
    );
  }

  function rowOf(product: Product): WatchlistRow {
    let row = rows.get(product.symbol);
    if (!row) {
      row = new WatchlistRow(product, () => open(product.symbol));
      row.setOpen(product.symbol === opened);
      rows.set(product.symbol, row);
      row.drawPrice(performance.now());
      row.drawTrend();
    }
    return row;
  }

  /** Puts the rows in order, and moves only those that are elsewhere. */
  function arrange(): void {
    const shown = ordered(market.products.values(), order, search.value);
    shown.forEach((product, index) => {
      const { element: row } = rowOf(product);
      if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
    });
    while (body.children.length > shown.length) body.lastElementChild!.remove();
    for (const [key, head] of heads) {
      const sorted = order.key === key ? (order.descending ? 'descending' : 'ascending') : undefined;
      setAttribute(head, 'aria-sort', sorted);
    }
    empty.hidden = shown.length > 0;
    setText(
      empty,
      market.products.size > 0
        ? `No product contains “${search.value.trim()}”.`
        : 'No product yet. They appear as soon as the feed publishes.',
    );
    if (!shown.some(({ symbol }) => symbol === current)) current = shown[0]?.symbol;
    for (const [symbol, { button }] of rows) button.tabIndex = symbol === current ? 0 : -1;
    drawAges();
  }

  function drawPrices(): void {
    const now = performance.now();
    for (const product of dirty) {
      rowOf(product).drawPrice(now);
      rowOf(product).drawAge(clock.now(), market.staleReasonOf(product));
    }
    dirty.clear();
    if (body.children.length === 0) arrange();
  }

  function drawAges(): void {
    const now = clock.now();
    for (const row of rows.values()) row.drawAge(now, market.staleReasonOf(row.product));
  }

  function tick(): void {
    for (const row of rows.values()) row.drawTrend();
    if (order.key === 'listed' || order.key === 'product') drawAges();
    else arrange(); // the values that it is sorted by have changed
  }

  function focus(row: Element | null | undefined): void {
    const symbol = (row as HTMLElement | null | undefined)?.dataset.product;
    const target = symbol === undefined ? undefined : rows.get(symbol);
    if (!target) return;
    current = symbol;
    for (const other of rows.values()) other.button.tabIndex = other === target ? 0 : -1;
    target.button.focus();
  }

  function moved(event: Event): void {
    const { key, target } = event as KeyboardEvent;
    const row = (target as Element).closest('tbody tr');
    const steps: Readonly<Record<string, () => Element | null | undefined>> = {
      ArrowDown: () => (row ? row.nextElementSibling : body.firstElementChild),
      ArrowUp: () => row?.previousElementSibling,
      Home: () => row && body.firstElementChild,
      End: () => row && body.lastElementChild,
    };
    const step = steps[key];
    if (!step || (target === search && key !== 'ArrowDown')) return;
    event.preventDefault();
    focus(step());
  }

  cleanup.add(
    market.on((event, product) => {
      if (event === 'product' && product && rows.has(product.symbol)) {
        dirty.add(product);
        frames.request(drawPrices);
      } else if (event !== 'chain') frames.request(arrange);
    }),
    clock.onTick(() => frames.request(tick)),
    () => [arrange, drawPrices, tick].forEach((draw) => frames.cancel(draw)),
  );
  cleanup.listen(search, 'input', () => frames.request(arrange));
  cleanup.listen(search, 'keydown', (event) => {
    if ((event as KeyboardEvent).key !== 'Enter') return;
    const first = body.firstElementChild as HTMLElement | null;
    if (first?.dataset.product) open(first.dataset.product);
  });
  cleanup.listen(element, 'keydown', moved);
  cleanup.listen(document, 'keydown', (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event as KeyboardEvent;
    if (
      key !== '/' ||
      ctrlKey ||
      metaKey ||
      altKey ||
      /^(INPUT|SELECT|TEXTAREA)$/.test((target as Element).tagName)
    )
      return;
    event.preventDefault();
    search.focus();
  });
  frames.request(arrange);

  return {
    element,
    setOpen(symbol) {
      opened = symbol;
      current = symbol;
      for (const row of rows.values()) row.setOpen(row.product.symbol === symbol);
      frames.request(arrange);
    },
    destroy: () => cleanup.run(),
  };
}
