import './chain.css';
import { Cleanup, type Component } from '../component.js';
import { create, setAttribute, setText } from '../dom.js';
import type { Page } from '../page.js';
import { acquireChainFeed, type ChainFeed, releaseChainFeed } from './chain-feed.js';
import { ColumnChooser } from './column-chooser.js';
import { chosenColumns, type Column, fittingColumns } from './columns.js';
import { csvName, csvOf, download } from './csv.js';
import { ExpiryTabs } from './expiry-tabs.js';
import { Facts } from './facts.js';
import { LadderTable } from './ladder-table.js';
import { type Ladder, ladderOf } from './ladder.js';
import { loadPreferences, type Preferences, savePreferences } from './preferences.js';
import { browserStorage } from './storage.js';
import { Toolbar } from './toolbar.js';
import { Widths } from './widths.js';

/** Below this width of the ladder, the strikes have less space for their marks. px */
const NARROW = 560;

let panels = 0;

/** The option chain of a product: calls, strikes and puts. */
export function createChainPanel(page: Page, symbol: string): Component {
  const panel = new ChainPanel(page, symbol);
  return { element: panel.element, destroy: () => panel.destroy() };
}

class ChainPanel implements Component {
  readonly element = create('section', 'panel chain');
  private readonly feed: ChainFeed;
  private readonly cleanup = new Cleanup();
  private readonly table: LadderTable;
  private readonly tabs: ExpiryTabs;
  private readonly toolbar: Toolbar;
  private readonly chooser: ColumnChooser;
  private readonly facts: Facts;
  private readonly notice = create('p', 'chain-notice');
  /** The Greeks that were asked for and do not fit. */
  private readonly unfitting = create('p', 'chain-unfitting muted');
  private readonly widths: Widths;
  private preferences: Preferences = loadPreferences(browserStorage());
  private ladder: Ladder | undefined;
  private columns: readonly Column[] = [];
  /** The width of the ladder without its scrollbar, px. 0 until it is in the document. */
  private width = 0;
  private digitPx: number | undefined;
  /** What `columns` were chosen for. */
  private layoutKey = '';
  private readonly draw = (): void => this.drawAll();

  constructor(
    private readonly page: Page,
    private readonly symbol: string,
  ) {
    const id = `chain-${++panels}`;
    this.feed = acquireChainFeed(page, symbol);
    this.feed.selectStrikes(this.preferences.strikes);
    this.tabs = new ExpiryTabs(id, (expiry) => this.feed.selectExpiry(expiry));
    this.chooser = new ColumnChooser((hidden) => this.prefer({ hidden }));
    this.facts = new Facts(() => void this.feed.resetBaseline());
    this.table = new LadderTable(page.frames, `Option chain of ${symbol}`, {
      chosen: (strike) => this.feed.select(strike === this.feed.selected ? undefined : strike),
      following: (follows) => this.toolbar.drawFollow(follows),
    });
    this.toolbar = new Toolbar(
      {
        strikes: (strikes) => this.prefer({ strikes }),
        greeks: () => this.prefer({ greeks: !this.preferences.greeks }),
        follow: () => this.table.follow(),
        csv: () => this.ladder && download(csvName(this.ladder), csvOf(this.ladder, this.feed.baseline)),
      },
      this.chooser.element,
    );
    this.toolbar.drawFollow(true);
    this.table.element.id = id;
    this.table.element.setAttribute('role', 'tabpanel');
    this.widths = new Widths(() => (this.digitPx ??= digitWidth(this.table.element)));
    this.build(id);
    this.listen();
  }

  destroy(): void {
    this.page.frames.cancel(this.draw);
    this.cleanup.run();
    this.chooser.destroy();
    this.table.destroy();
    this.feed.need(this, []);
    releaseChainFeed(this.page, this.symbol);
  }

  private build(id: string): void {
    const title = create('h2', '', 'Option chain');
    title.id = `${id}-title`;
    this.element.setAttribute('aria-labelledby', title.id);
    this.notice.hidden = this.unfitting.hidden = true;
    this.element.append(
      create('header', '', title, this.tabs.element, this.toolbar.element),
      this.facts.element,
      this.notice,
      this.unfitting,
      this.table.element,
    );
  }

  private listen(): void {
    const request = (): void => this.page.frames.request(this.draw);
    this.cleanup.add(
      this.feed.onChange(request),
      this.page.clock.onTick(() => this.facts.drawCost(this.feed)),
    );
    const resized = new ResizeObserver(() => {
      this.width = this.table.element.clientWidth;
      request();
    });
    resized.observe(this.table.element);
    this.cleanup.add(() => resized.disconnect());
    // A font that arrives late has digits of another width.
    void document.fonts?.ready.then(() => {
      this.layoutKey = '';
      this.digitPx = undefined;
      request();
    });
    request();
  }

  private prefer(change: Partial<Preferences>): void {
    this.preferences = { ...this.preferences, ...change };
    savePreferences(browserStorage(), this.preferences);
    this.feed.selectStrikes(this.preferences.strikes);
    this.page.frames.request(this.draw);
  }

  private drawAll(): void {
    const { feed } = this;
    const { chain } = feed;
    if (chain !== this.ladder?.chain) this.ladder = chain && ladderOf(chain);
    this.layOut();
    this.tabs.draw(feed.expiries, feed.expiry);
    this.toolbar.draw(this.preferences.strikes, this.preferences.greeks, !this.ladder);
    this.facts.draw(feed, this.ladder);
    setAttribute(
      this.table.element,
      'aria-labelledby',
      feed.expiry === undefined ? undefined : `${this.table.element.id}-${feed.expiry}`,
    );
    const { ladder } = this;
    this.table.show(ladder && { ladder, baseline: feed.baseline, selected: feed.selected });
    this.drawNotice();
  }

  /** Chooses the columns that fit, if the choice, the width or the numbers have changed. */
  private layOut(): void {
    const chosen = chosenColumns(this.preferences);
    const { width } = this;
    if (width === 0) return;
    const isWider = this.ladder ? this.widths.measure(this.ladder, chosen) : false;
    const key = `${width} ${chosen.map(({ id }) => id).join()}`;
    if (key === this.layoutKey && !isWider) return;
    this.layoutKey = key;
    const strikeWidth = this.widths.ofStrike(width < NARROW);
    const available = width - strikeWidth;
    this.columns = fittingColumns(chosen, (column) => this.widths.of(column), available);
    this.element.classList.toggle('narrow', width < NARROW);
    this.table.setColumns(this.columns, (column) => this.widths.of(column), strikeWidth);
    const unfitting = chosen.filter((column) => !this.columns.includes(column));
    this.chooser.draw(this.preferences.hidden, unfitting);
    const greeks = unfitting.filter(({ isGreek }) => isGreek).map(({ label }) => label);
    setText(this.unfitting, greeks.length > 0 ? `No room at this width for: ${greeks.join(', ')}.` : '');
    this.unfitting.hidden = greeks.length === 0;
    this.feed.need(this, [...new Set(this.columns.map(({ source }) => source))]);
  }

  private drawNotice(): void {
    const { feed } = this;
    const text =
      feed.staleBecause ??
      (feed.chain && !feed.problem ? '' : undefined) ??
      feed.problem ??
      (feed.loading || feed.expiry !== undefined
        ? 'The option chain is loading.'
        : `The gateway has no option chain of ${this.symbol} yet.`);
    this.element.classList.toggle('stale', feed.stale);
    setText(this.notice, text);
    this.notice.hidden = text === '';
  }
}

/** The width of a digit in the font of an element, px. */
function digitWidth(element: HTMLElement): number {
  const probe = create('span', 'chain-probe', '0000000000');
  element.append(probe);
  const { width } = probe.getBoundingClientRect();
  probe.remove();
  return width / 10 || 7;
}
