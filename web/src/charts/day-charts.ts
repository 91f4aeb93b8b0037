import type { ChainFeed } from '../chain/chain-feed.js';
import type { Component } from '../component.js';
import { decimal, price } from '../format.js';
import type { Page } from '../page.js';
import type { Colours } from './colours.js';
import { DayHistory } from './day-history.js';
import { Plot, type PlotData } from './plot.js';
import { secondOf, timeLabels } from './times.js';

const HEIGHT = 200;
/** The least time that a chart spans, seconds. */
const MIN_SPAN = 60;

/** PCR and the straddle at the money through the day, as two charts of the same data. */
export class DayCharts {
  readonly pcr: Component;
  readonly straddle: Component;
  private readonly history: DayHistory;
  private readonly plots: readonly Plot[];

  constructor(page: Page, colours: Colours, feed: ChainFeed) {
    const line = (colour: `--${string}`) => ({
      stroke: () => colours.of(colour),
      width: 1.5,
      points: { show: false },
    });
    const time = { values: (_: unknown, times: number[]) => timeLabels(times) };
    const resting = () => this.history.points.count - 1;
    const scales = {
      x: {
        range: (): [number, number] => {
          const [times] = this.history.points.data;
          const end = times.at(-1) ?? Date.now() / 1_000;
          return [Math.min(times[0] ?? end, end - MIN_SPAN), end];
        },
      },
    };
    const at = (index: number) => this.history.points.data.map((column) => column[index] ?? null);
    const pcr = new Plot(page.frames, colours, {
      title: 'Put/call ratio',
      along: 'Time',
      height: HEIGHT,
      legend: [
        ['OI', '--series-1'],
        ['Volume', '--series-3'],
      ],
      series: [line('--series-1'), line('--series-3')],
      axes: [time, { size: 56, values: (_, values) => values.map((value) => decimal(value, 2)) }],
      scales,
      describe: (index) => {
        const [seconds, oi, volume] = at(index);
        return `${secondOf(seconds!)}  OI ${decimal(oi, 4)}  Volume ${decimal(volume, 4)}`;
      },
      resting,
    });
    const straddle = new Plot(page.frames, colours, {
      title: 'Straddle at the money',
      along: 'Time',
      height: HEIGHT,
      series: [line('--series-2')],
      axes: [time, { size: 56, values: (_, values) => values.map((value) => decimal(value, 2)) }],
      scales,
      describe: (index) => {
        const [seconds, , , value] = at(index);
        return `${secondOf(seconds!)}  ${price(value)}`;
      },
      resting,
    });
    this.pcr = pcr;
    this.straddle = straddle;
    this.plots = [pcr, straddle];
    this.history = new DayHistory(page, feed, () => {
      const { data } = this.history.points;
      pcr.setData(data.slice(0, 3) as unknown as PlotData);
      straddle.setData([data[0], data[3]]);
      for (const plot of this.plots) plot.setNote(this.history.note);
    });
    this.history.start();
  }

  destroy(): void {
    this.history.stop();
    for (const plot of this.plots) plot.destroy();
  }
}
