import type uPlot from 'uplot';
import type { ChainFeed } from '../chain/chain-feed.js';
import { nearest } from '../chain/ladder.js';
import type { Component } from '../component.js';
import { compact, count, strike } from '../format.js';
import type { Page } from '../page.js';
import type { Colours } from './colours.js';
import { Plot } from './plot.js';
import { interestData, pitchOf, type StrikeData } from './strike-data.js';
import { StrikeMarks } from './strike-marks.js';

/** Open interest by strike: calls up, puts down. A click on a strike chooses it in the ladder too. */
export class OpenInterestChart implements Component {
  private readonly plot: Plot;
  private readonly marks: StrikeMarks;
  private data: StrikeData = [[], [], []];
  private readonly remove: () => void;

  constructor(
    page: Page,
    private readonly colours: Colours,
    private readonly feed: ChainFeed,
  ) {
    const value = { points: { show: false }, paths: () => null };
    this.marks = new StrikeMarks(feed, colours);
    this.plot = new Plot(page.frames, colours, {
      title: 'Open interest by strike',
      along: 'Strike',
      height: 200,
      legend: [
        ['Calls', '--call'],
        ['Puts', '--put'],
      ],
      series: [value, value],
      axes: [
        { values: (_, strikes) => strikes.map(strike) },
        { size: 56, values: (_, values) => values.map((each) => compact(Math.abs(each))) },
      ],
      scales: { x: { time: false, range: (_, from, to) => this.padded(from, to) } },
      drawBelow: (plot) => this.drawBars(plot),
      drawAbove: (plot) => this.marks.drawLines(plot),
      describe: (index) => this.describe(index),
      resting: () => this.restingIndex(),
      choose: (index) => {
        const chosen = this.data[0][index];
        feed.select(chosen === feed.selected ? undefined : chosen);
      },
    });
    this.plot.onVisible((isVisible) => feed.need(this, isVisible ? ['open_interest'] : []));
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
    this.data = chain ? interestData(chain) : [[], [], []];
    this.plot.setData(this.data);
  }

  private restingIndex(): number {
    const { chain, selected } = this.feed;
    if (!chain) return -1;
    const chosen = selected === undefined ? -1 : chain.strikes.indexOf(selected);
    return chosen >= 0 ? chosen : nearest(chain.strikes, chain.atm_strike ?? chain.spot_price);
  }

  private describe(index: number): string {
    const [strikes, calls, puts] = this.data;
    const put = puts[index];
    return `${strike(strikes[index])}  Calls ${count(calls[index])}  Puts ${count(put == null ? null : -put)}`;
  }

  private padded(from: number | null, to: number | null): [number, number] {
    const pitch = pitchOf(this.data[0]);
    return [(from ?? 0) - pitch, (to ?? 1) + pitch];
  }

  private drawBars(plot: uPlot): void {
    const { ctx } = plot;
    const [strikes, ...sides] = this.data;
    const pitch = pitchOf(strikes);
    this.marks.drawSelected(plot, pitch);
    const width = Math.max(
      1,
      Math.round((plot.valToPos(pitch, 'x', true) - plot.valToPos(0, 'x', true)) * 0.7),
    );
    const zero = Math.round(plot.valToPos(0, 'y', true));
    ctx.save();
    sides.forEach((values, side) => {
      ctx.fillStyle = this.colours.of(side === 0 ? '--call' : '--put');
      ctx.beginPath();
      values.forEach((value, at) => {
        if (!value) return;
        const x = Math.round(plot.valToPos(strikes[at]!, 'x', true) - width / 2);
        const y = Math.round(plot.valToPos(value, 'y', true));
        ctx.rect(x, Math.min(y, zero), width, Math.abs(y - zero));
      });
      ctx.fill();
    });
    ctx.restore();
  }
}
