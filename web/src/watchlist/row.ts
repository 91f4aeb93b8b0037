import { create, createSvg, setAttribute, setText } from '../dom.js';
import { age, minuteTime, money, NO_VALUE, signed, signedPercent } from '../format.js';
import type { StaleReason } from '../market/freshness.js';
import type { Product } from '../market/market.js';
import { trendPath } from '../market/trend.js';

const TREND_WIDTH = 64;
const TREND_HEIGHT = 20;
/** A cell that changes more often would never stop flashing. In ms. */
const FLASH_EVERY_MS = 600;
const FLASH_MS = 500;

/** One row of the watchlist. It writes only what has changed. */
export class WatchlistRow {
  readonly element = create('tr', 'watch-row');
  /** The product's name, which opens it. */
  readonly button = create('button', 'watch-open');
  private readonly reason = create('span', 'watch-reason');
  private readonly line = createSvg('path', { class: 'trend-line' });
  private readonly base = createSvg('path', { class: 'trend-base' });
  private readonly price = create('td', 'number watch-price');
  private readonly change = create('td', 'number watch-change');
  private readonly percent = create('td', 'number watch-percent');
  private readonly age = create('td', 'number watch-age muted');
  private flashedAt = -Infinity;
  private shown: number | undefined;

  constructor(
    readonly product: Product,
    open: () => void,
  ) {
    this.element.dataset.product = product.symbol;
    this.button.type = 'button';
    this.button.textContent = product.symbol;
    this.button.title = product.symbol;
    this.button.tabIndex = -1;
    const name = create('th', 'watch-name', this.button, this.reason);
    name.scope = 'row';
    const trend = createSvg('svg', {
      viewBox: `0 0 ${TREND_WIDTH} ${TREND_HEIGHT}`,
      preserveAspectRatio: 'none',
      class: 'trend',
      'aria-hidden': 'true',
    });
    trend.append(this.base, this.line);
    this.element.append(
      name,
      create('td', 'watch-trend', trend),
      this.price,
      this.change,
      this.percent,
      this.age,
    );
    this.element.addEventListener('click', open);
  }

  setOpen(isOpen: boolean): void {
    this.element.classList.toggle('open', isOpen);
    setAttribute(this.button, 'aria-current', isOpen ? 'true' : undefined);
  }

  drawPrice(now: number): void {
    const { symbol, price, change, changeFraction, reference } = this.product;
    setText(this.price, money(symbol, price));
    setText(this.change, signed(change));
    setText(this.percent, signedPercent(changeFraction));
    const direction = change === undefined || change === 0 ? '' : change > 0 ? 'up' : 'down';
    setAttribute(this.element, 'data-direction', direction);
    const since = reference && `Since ${sinceText(reference.at, reference.source)}`;
    setAttribute(this.change, 'title', since);
    setAttribute(this.percent, 'title', since);
    if (this.shown !== undefined && price !== undefined && price !== this.shown)
      this.flash(price > this.shown ? 'up' : 'down', now);
    this.shown = price;
  }

  drawAge(now: number, reason: StaleReason | undefined): void {
    setText(this.age, Number.isNaN(this.product.at) ? NO_VALUE : age(now - this.product.at));
    this.element.classList.toggle('stale', reason !== undefined);
    setText(this.reason, reason?.short ?? '');
    setAttribute(this.element, 'title', reason?.long);
  }

  drawTrend(): void {
    const { trend, reference } = this.product;
    const { d, baseline } = trendPath(trend.points, TREND_WIDTH, TREND_HEIGHT, reference?.price);
    setAttribute(this.line, 'd', d);
    setAttribute(this.base, 'd', baseline === undefined ? '' : `M0 ${baseline.toFixed(1)}H${TREND_WIDTH}`);
  }

  private flash(direction: 'up' | 'down', now: number): void {
    if (now - this.flashedAt < FLASH_EVERY_MS) return;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    this.flashedAt = now;
    this.price.animate(
      [{ backgroundColor: `var(--flash-${direction})` }, { backgroundColor: 'transparent' }],
      {
        duration: FLASH_MS,
        easing: 'ease-out',
      },
    );
  }
}

/** When the price that changes are measured against was seen, and by whom. */
export function sinceText(at: number, source: 'history' | 'seen'): string {
  return source === 'history'
    ? `the first price of the session, ${minuteTime(at)}`
    : `the first price that this page received, ${minuteTime(at)}`;
}
