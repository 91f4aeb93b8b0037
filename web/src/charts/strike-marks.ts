import type uPlot from 'uplot';
import type { ChainFeed } from '../chain/chain-feed.js';
import type { Colours } from './colours.js';

/** Draws what both charts by strike mark: the chosen strike, the price of the product and max pain. */
export class StrikeMarks {
  private font: string | undefined;

  constructor(
    private readonly feed: ChainFeed,
    private readonly colours: Colours,
  ) {}

  /** The chosen strike, as a band behind the data. @param pitch the distance of two strikes */
  drawSelected(plot: uPlot, pitch: number): void {
    const { selected } = this.feed;
    if (selected === undefined) return;
    const { ctx, bbox } = plot;
    const from = plot.valToPos(selected - pitch / 2, 'x', true);
    const to = plot.valToPos(selected + pitch / 2, 'x', true);
    ctx.save();
    ctx.fillStyle = this.colours.of('--selected');
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
    ctx.strokeStyle = this.colours.of('--accent');
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeRect(from, bbox.top, to - from, bbox.height);
    ctx.restore();
  }

  drawLines(plot: uPlot): void {
    const { chain } = this.feed;
    if (!chain) return;
    this.drawLine(plot, chain.max_pain_strike, '--series-2', 'Max pain', 1);
    this.drawLine(plot, chain.spot_price, '--accent', 'Spot', 0);
  }

  /** @param line the line of text at the top, so that two labels do not cover each other */
  private drawLine(plot: uPlot, value: number, colour: `--${string}`, label: string, line: number): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const x = Math.round(plot.valToPos(value, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.save();
    ctx.strokeStyle = this.colours.of(colour);
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `600 ${10 * ratio}px ${(this.font ??= getComputedStyle(plot.root).fontFamily)}`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    const { width } = ctx.measureText(label);
    const isRight = x + width + 8 * ratio > bbox.left + bbox.width;
    const from = isRight ? x - width - 4 * ratio : x + 4 * ratio;
    const top = bbox.top + (2 + 13 * line) * ratio;
    ctx.fillStyle = this.colours.of('--panel');
    ctx.fillRect(from - 2 * ratio, top - ratio, width + 4 * ratio, 12 * ratio);
    ctx.fillStyle = this.colours.of(colour);
    ctx.fillText(label, from, top);
    ctx.restore();
  }
}
