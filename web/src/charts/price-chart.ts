import { RequestError, Series } from '@deltastream/socket-client';
import type uPlot from 'uplot';
import type { Component } from '../component.js';
import { create, setAttribute } from '../dom.js';
import { price } from '../format.js';
import type { Page } from '../page.js';
import { candleBox, type CandleData, candleData } from './candles.js';
import type { Colours } from './colours.js';
import { Plot } from './plot.js';
import { minuteOf, timeLabels } from './times.js';

const RESOLUTIONS = { '1m': 60, '5m': 300, '1h': 3_600 } as const;
type Resolution = keyof typeof RESOLUTIONS;

/** The bars that are asked for. A wide screen has room for these. */
const BARS = 400;
/** The least distance between two candles, px. */
const PITCH = 7;
/** A narrow chart still shows so many. */
const MIN_BARS = 40;
const AXIS_WIDTH = 68;

/** The price of a product as candles: first those of the history, and then live. */
export class PriceChart implements Component {
  private readonly plot: Plot;
  private readonly buttons = new Map<Resolution, HTMLButtonElement>();
  private resolution: Resolution = '1m';
  private series: Series<Resolution> | undefined;
  private data: CandleData = [[], [], [], [], []];
  private isDirty = false;
  private fontFamily: string | undefined;
  private readonly update = (): void => this.refresh();

  constructor(
    private readonly page: Page,
    private readonly colours: Colours,
    private readonly symbol: string,
  ) {
    const value = { points: { show: false }, paths: () => null };
    this.plot = new Plot(page.frames, colours, {
      title: `Price of ${symbol}`,
      along: 'Time',
      height: 240,
      series: [value, value, value, value],
      axes: [
        { values: (_, times) => timeLabels(times) },
        { side: 1, size: AXIS_WIDTH, values: (_, prices) => prices.map(price) },
      ],
      scales: { x: { range: () => this.timeRange() } },
      drawAbove: (plot) => this.drawCandles(plot),
      describe: (index) => this.describe(index),
      resting: () => this.data[0].length - 1,
    });
    this.addButtons();
    this.open();
  }

  get element(): HTMLElement {
    return this.plot.element;
  }

  destroy(): void {
    this.page.frames.cancel(this.update);
    this.series?.close();
    this.plot.destroy();
  }

  private addButtons(): void {
    this.plot.tools.setAttribute('role', 'group');
    this.plot.tools.setAttribute('aria-label', 'Length of a candle');
    for (const resolution of Object.keys(RESOLUTIONS) as Resolution[]) {
      const button = create('button', 'button', resolution);
      button.type = 'button';
      button.addEventListener('click', () => {
        this.resolution = resolution;
        this.open();
      });
      this.buttons.set(resolution, button);
      this.plot.tools.append(button);
    }
  }

  private open(): void {
    for (const [resolution, button] of this.buttons)
      setAttribute(button, 'aria-pressed', String(resolution === this.resolution));
    this.series?.close();
    const series: Series<Resolution> = new Series(
      this.page.client,
      { symbol: this.symbol, resolution: this.resolution, limit: BARS },
      () => {
        if (series !== this.series) return;
        this.isDirty = true;
        this.page.frames.request(this.update);
      },
    );
    this.series = series;
    series.start();
  }

  private refresh(): void {
    const { series } = this;
    if (!series || !this.isDirty) return;
    this.isDirty = false;
    const room = Math.max(MIN_BARS, Math.floor((this.plot.width - AXIS_WIDTH) / PITCH));
    this.data = candleData(series.points, room);
    this.plot.setData(this.data);
    this.plot.setNote(this.note(series));
  }

  private note({ error, loading }: Series<Resolution>): string {
    if (error) {
      const isOff = this.page.client.limits?.history_seconds === 0;
      if (isOff) return 'The gateway keeps no history. The chart begins with live prices.';
      const hasHistory = !(error instanceof RequestError && error.code === 'HISTORY_UNAVAILABLE');
      return hasHistory ? error.message : 'The history is not available. The chart begins with live prices.';
    }
    if (loading && this.data[0].length === 0) return 'The history is loading.';
    return this.data[0].length === 0 ? `There is no price of ${this.symbol} yet.` : '';
  }

  private describe(index: number): string {
    const [times, opens, highs, lows, closes] = this.data;
    const [o, h, l, c] = [opens, highs, lows, closes].map((values) => price(values[index]));
    return `${minuteOf(times[index]!)}  O ${o}  H ${h}  L ${l}  C ${c}`;
  }

  /** Half a candle at each edge, and space for some candles, so that the first ones are not huge. */
  private timeRange(): [number, number] {
    const [times] = this.data;
    const period = RESOLUTIONS[this.resolution];
    // Not what uPlot proposes: for one candle, that is a day.
    const end = (times.at(-1) ?? Date.now() / 1_000) + period;
    return [Math.min((times[0] ?? end) - period, end - MIN_BARS * period), end];
  }

  private drawCandles(plot: uPlot): void {
    const { ctx } = plot;
    const { data } = this;
    const count = data[0].length;
    const xOf = (time: number): number => plot.valToPos(time, 'x', true);
    const yOf = (value: number): number => plot.valToPos(value, 'y', true);
    const pitch = xOf(RESOLUTIONS[this.resolution]) - xOf(0);
    ctx.save();
    ctx.beginPath();
    ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    ctx.clip();
    for (const isRise of [true, false]) {
      ctx.fillStyle = this.colours.of(isRise ? '--up' : '--down');
      ctx.beginPath();
      for (let index = 0; index < count; index++) {
        const box = candleBox(data, index, pitch, xOf, yOf);
        if (box.isRise !== isRise) continue;
        ctx.rect(box.x, box.top, box.width, box.height);
        const wick = Math.max(1, Math.round(devicePixelRatio));
        const middle = box.x + Math.floor((box.width - wick) / 2);
        ctx.rect(middle, box.high, wick, Math.max(0, box.top - box.high));
        ctx.rect(middle, box.top + box.height, wick, Math.max(0, box.low - box.top - box.height));
      }
      ctx.fill();
    }
    ctx.restore();
    if (count > 0) this.drawLast(plot, data[4][count - 1]!);
  }

  private get font(): string {
    return (this.fontFamily ??= getComputedStyle(this.element).fontFamily);
  }

  /** A line at the newest price, and the price on the axis. */
  private drawLast(plot: uPlot, last: number): void {
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(last, 'y', true)) + 0.5;
    const ratio = devicePixelRatio;
    const right = bbox.left + bbox.width;
    ctx.save();
    ctx.strokeStyle = this.colours.of('--accent');
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
    ctx.fillStyle = this.colours.of('--accent');
    ctx.fillRect(right, y - 8 * ratio, AXIS_WIDTH * ratio, 16 * ratio);
    ctx.fillStyle = this.colours.of('--accent-text');
    ctx.font = `600 ${11 * ratio}px ${this.font}`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.fillText(price(last), right + 4 * ratio, y);
    ctx.restore();
  }
}
