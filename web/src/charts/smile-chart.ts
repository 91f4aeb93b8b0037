import type { ChainFeed } from '../chain/chain-feed.js';
import { nearest } from '../chain/ladder.js';
import type { Component } from '../component.js';
import { decimal, strike } from '../format.js';
import type { Page } from '../page.js';
import type { Colours } from './colours.js';
import { Plot } from './plot.js';
import { pitchOf, smileData, type StrikeData } from './strike-data.js';
import { StrikeMarks } from './strike-marks.js';

/** Implied volatility by strike. The gateway is asked for it only while the chart can be seen. */
export class SmileChart implements Component {
  private readonly plot: Plot;
  private data: StrikeData = [[], [], []];
  private readonly remove: () => void;

  constructor(
    page: Page,
    colours: Colours,
    private readonly feed: ChainFeed,
  ) {
    const marks = new StrikeMarks(feed, colours);
    const line = (colour: `--${string}`) => ({
      stroke: () => colours.of(colour),
      width: 2,
      points: { show: true, size: 5, fill: () => colours.of(colour), stroke: () => colours.of(colour) },
    });
    this.plot = new Plot(page.frames, colours, {
      title: 'Implied volatility by strike, %',
      along: 'Strike',
      height: 200,
      legend: [
        ['Calls', '--call'],
        ['Puts', '--put'],
      ],
      series: [line('--call'), line('--put')],
      axes: [
        { values: (_, strikes) => strikes.map(strike) },
        { size: 56, values: (_, values) => values.map((each) => decimal(each, 1)) },
      ],
      scales: { x: { time: false } },
      drawBelow: (plot) => marks.drawSelected(plot, pitchOf(this.data[0])),
      drawAbove: (plot) => marks.drawLines(plot),
      describe: (index) => this.describe(index),
      resting: () => {
        const { chain } = feed;
        return chain ? nearest(chain.strikes, chain.atm_strike ?? chain.spot_price) : -1;
      },
      choose: (index) => feed.select(this.data[0][index]),
    });
    this.plot.onVisible((isVisible) => feed.need(this, isVisible ? ['iv'] : []));
    this.remove = feed.onChange(() => this.update());
    this.update();
  }

  get element(): HTMLElement {
    return this.plot.element;
  }

  destroy(): void {
    this.remove();
    this.feed.need(this, []);
    this.plot.destroy();
  }

  private update(): void {
    const { chain } = this.feed;
    this.data = chain ? smileData(chain) : [[], [], []];
    this.plot.setData(this.data);
    const hasValues =
      this.data[1].some((value) => value !== null) || this.data[2].some((value) => value !== null);
    this.plot.setNote(chain?.calls.iv && !hasValues ? 'The platform sends no implied volatility.' : '');
  }

  private describe(index: number): string {
    const [strikes, calls, puts] = this.data;
    return `${strike(strikes[index])}  Calls ${decimal(calls[index])}  Puts ${decimal(puts[index])}`;
  }
}
