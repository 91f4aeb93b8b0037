import uPlot from 'uplot';
import type { Recent, Series } from '../stats/recent.js';
import { timeOfDay } from '../format.js';
import { el, setText } from './dom.js';

export interface Line {
  readonly label: string;
  /** A name of {@link Recent}. */
  readonly series: string;
}

export interface ChartSpec {
  readonly title: string;
  lines(recent: Recent): readonly Line[];
  write(value: number | undefined): string;
  /** The axis reaches at least up to this value, so that noise does not look like a mountain. */
  readonly atLeast: number;
}

const HEIGHT = 132;
/** The lengths of the time axis, s. It grows in steps, so that the lines do not creep each second. */
const WINDOWS = [60, 180, 600];
/** The cursor of one chart shows the same moment in all of them. */
const SYNC = 'ops';

/** A line chart of the last ten minutes, with a legend of the values under the cursor. */
export class Chart {
  readonly element: HTMLElement;
  private readonly plotArea = el('div', { class: 'plot', tabindex: '0', role: 'group' });
  private readonly legend = el('ul', { class: 'legend' });
  private plot: uPlot | undefined;
  private lines: readonly Line[] = [];
  private values: readonly HTMLElement[] = [];

  constructor(
    private readonly spec: ChartSpec,
    private readonly recent: Recent,
    private readonly announce: (text: string) => void,
  ) {
    const title = el('figcaption', {}, spec.title);
    this.plotArea.setAttribute(
      'aria-label',
      `${spec.title}: chart of the last ten minutes. The left and right arrow keys read the values.`,
    );
    this.element = el('figure', { class: 'chart' }, title, this.legend, this.plotArea);
    this.plotArea.addEventListener('keydown', (event) => this.moveCursor(event));
    this.plotArea.addEventListener('blur', () => this.plot?.setCursor({ left: -10, top: -10 }));
    new ResizeObserver(() => this.resize()).observe(this.plotArea);
  }

  /** Draws the newest points. */
  draw(): void {
    const lines = this.spec.lines(this.recent);
    const isSame =
      lines.length === this.lines.length &&
      lines.every(({ series }, index) => series === this.lines[index]!.series);
    if (!isSame) {
      this.lines = lines;
      this.rebuild();
    } else if (!this.plot) this.rebuild();
    else this.plot.setData(this.data());
    this.writeLegend(this.plot?.cursor.idx ?? undefined);
  }

  /** Draws everything again, with the present colours. */
  rebuild(): void {
    this.plot?.destroy();
    this.plot = undefined;
    this.values = this.lines.map(() => el('b'));
    this.legend.replaceChildren(
      ...this.lines.map(({ label }, index) =>
        el(
          'li',
          { 'data-line': String(index % 8) },
          el('i', { 'aria-hidden': 'true' }),
          label,
          this.values[index],
        ),
      ),
    );
    const width = this.plotArea.clientWidth;
    if (width > 0) this.plot = new uPlot(this.options(width), this.data(), this.plotArea);
    this.writeLegend();
  }

  private data(): uPlot.AlignedData {
    const { time } = this.recent;
    return [
      time,
      ...this.lines.map(({ series }) => this.recent.series(series)),
    ] as unknown as uPlot.AlignedData;
  }

  private options(width: number): uPlot.Options {
    const style = getComputedStyle(this.plotArea);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      stroke: colour('--muted'),
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
      font: `11px ${style.fontFamily}`,
    };
    return {
      width,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC }, y: false, drag: { x: false, y: false }, points: { size: 5 } },
      scales: {
        x: { range: () => this.window() },
        y: { range: (_plot, _min, max) => [0, Math.max(max * 1.08, this.spec.atLeast)] },
      },
      axes: [
        { ...axis, size: 22, space: 70, values: (_plot, times) => times.map(clockOf) },
        {
          ...axis,
          size: 62,
          space: 34,
          values: (_plot, ticks) => ticks.map((tick) => shorter(this.spec.write(tick))),
        },
      ],
      series: [
        {},
        ...this.lines.map((_, index) => ({
          stroke: colour(`--line-${index % 8}`),
          width: 1.5,
          dash:
            index === 0
              ? undefined
              : [
                  [6, 3],
                  [2, 3],
                  [9, 3, 2, 3],
                ][(index - 1) % 3],
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [(plot) => this.writeLegend(plot.cursor.idx ?? undefined)] },
    };
  }

  /** The first and the last moment of the time axis. */
  private window(): [number, number] {
    const { time } = this.recent;
    const last = time.at(-1) ?? 0;
    const first = time[0] ?? last;
    return [last - windowFor(last - first), last];
  }

  /** @param index the point under the cursor; undefined for the newest one */
  private writeLegend(index?: number): void {
    for (const [line, element] of this.values.entries())
      setText(element, this.spec.write(this.valueAt(line, index)));
  }

  private valueAt(line: number, index?: number): number | undefined {
    const values: Series = this.recent.series(this.lines[line]!.series);
    return values.at(index ?? -1) ?? undefined;
  }

  private moveCursor(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -60, PageDown: 60 }[event.key];
    const { plot } = this;
    const last = this.recent.time.length - 1;
    if (step === undefined || !plot || last < 0) return;
    event.preventDefault();
    const from = plot.cursor.idx ?? (step < 0 ? last + 1 : -1);
    const index = Math.min(last, Math.max(0, from + step));
    const at = this.recent.time[index]!;
    plot.setCursor({ left: plot.valToPos(at, 'x'), top: 0 });
    const read = this.lines.map(
      ({ label }, line) => `${label} ${this.spec.write(this.valueAt(line, index))}`,
    );
    this.announce(`${timeOfDay(at)}: ${read.join(', ')}`);
  }

  private resize(): void {
    const width = this.plotArea.clientWidth;
    if (width === 0) return;
    if (this.plot) this.plot.setSize({ width, height: HEIGHT });
    else this.rebuild();
  }
}

function windowFor(seconds: number): number {
  return WINDOWS.find((one) => one >= seconds) ?? WINDOWS.at(-1)!;
}

/** The time of day, with seconds if it is not a full minute. */
function clockOf(at: number): string {
  return timeOfDay(at).replace(/:00$/, '');
}

/** Without decimals that are zero. */
function shorter(text: string): string {
  return text.replace(/\.0+(?=\D|$)/, '');
}
