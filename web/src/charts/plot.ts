import uPlot from 'uplot';
import { Cleanup, type Component } from '../component.js';
import { create, setAttribute, setText } from '../dom.js';
import type { Frames } from '../frame.js';
import type { Colours } from './colours.js';

export type PlotData = uPlot.AlignedData;

export interface PlotOptions {
  readonly title: string;
  /** What the horizontal axis has, for readers who move along it with the keys: `Time`, `Strike`. */
  readonly along: string;
  /** The height of the plot, px. */
  readonly height: number;
  /** One for each line of the legend: a text and the colour that it explains. */
  readonly legend?: readonly (readonly [text: string, colour: `--${string}`])[];
  readonly series: uPlot.Series[];
  readonly axes: readonly [uPlot.Axis, uPlot.Axis];
  readonly scales?: uPlot.Scales;
  /** Draws below or above the lines of uPlot, in pixels of the canvas. */
  readonly drawBelow?: (plot: uPlot) => void;
  readonly drawAbove?: (plot: uPlot) => void;
  /** The values at an index of the data, for the reader. */
  readonly describe: (index: number) => string;
  /** The index whose values are shown while the reader points at nothing; -1 if there are none. */
  readonly resting: () => number;
  /** The reader chose an index with a click or the Enter key. */
  readonly choose?: (index: number) => void;
}

/** A chart is drawn at most this often: a reader cannot follow more, and each time costs 1 to 2 ms. */
const DRAW_EVERY_MS = 150;
/** The space for half a label, px. */
const EDGE = 30;
const NOTHING = 'no values yet';
/** A chart is drawn before it is scrolled into view. */
const NEARLY_VISIBLE = '150px';

/**
 * One chart. Its data can change at any rate. It is drawn only while it can be seen. The arrow keys
 * move along it like the pointer, and a screen reader then reads the values. The label of the figure
 * has the newest values.
 */
export class Plot implements Component {
  readonly element = create('figure', 'chart');
  /** Next to the title, for buttons. */
  readonly tools = create('span', 'chart-tools');
  private readonly area = create('div', 'chart-plot');
  private readonly readout = create('span', 'chart-readout');
  private readonly note = create('p', 'chart-note');
  private readonly cleanup = new Cleanup();
  private plot: uPlot | undefined;
  private data: PlotData = [[]];
  /** px. 0 until it is in the document. */
  width = 0;
  private isVisible = false;
  private drawnAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Where the arrow keys are; -1 if they have not been used. */
  private index = -1;
  private readonly draw = (): void => this.drawNow();
  private readonly read = (): void => this.drawReadout();

  constructor(
    private readonly frames: Frames,
    private readonly colours: Colours,
    private readonly options: PlotOptions,
  ) {
    const legend = create('span', 'chart-legend');
    for (const [text, colour] of options.legend ?? []) {
      const swatch = create('span', 'chart-swatch');
      swatch.style.background = `var(${colour})`;
      legend.append(create('span', '', swatch, text));
    }
    const caption = create(
      'figcaption',
      '',
      create('b', '', options.title),
      legend,
      this.tools,
      this.readout,
    );
    this.note.hidden = true;
    this.element.append(caption, this.area, this.note);
    this.area.tabIndex = 0;
    this.area.style.height = `${options.height}px`;
    this.area.setAttribute('role', 'slider');
    this.area.setAttribute('aria-label', `${options.title}: ${options.along.toLowerCase()}`);
    // It needs values before it is drawn for the first time, which is when it comes into view.
    for (const name of ['aria-valuemin', 'aria-valuemax', 'aria-valuenow']) this.area.setAttribute(name, '0');
    this.area.setAttribute('aria-valuetext', NOTHING);
    this.element.setAttribute('aria-label', `${options.title}. ${NOTHING}`);
    this.listen();
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.frames.cancel(this.draw);
    this.frames.cancel(this.read);
    this.cleanup.run();
    this.plot?.destroy();
    this.plot = undefined;
  }

  /** Shows other data, soon. */
  setData(data: PlotData): void {
    this.data = data;
    this.request();
  }

  /** Draws the same data again, because something else that is drawn has changed. */
  request(): void {
    if (!this.isVisible || this.timer !== undefined) return;
    const wait = this.drawnAt + DRAW_EVERY_MS - performance.now();
    if (wait <= 0) return this.frames.request(this.draw);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.frames.request(this.draw);
    }, wait);
  }

  /** A sentence below the chart, such as why it is empty. */
  setNote(text: string): void {
    setText(this.note, text);
    this.note.hidden = text === '';
  }

  /** Calls `listener` when the chart comes into view or leaves it. */
  onVisible(listener: (isVisible: boolean) => void): void {
    this.visibilityListener = listener;
  }

  private visibilityListener: ((isVisible: boolean) => void) | undefined;

  private get count(): number {
    return this.data[0].length;
  }

  private listen(): void {
    const resized = new ResizeObserver(([entry]) => {
      this.width = Math.floor(entry!.contentRect.width);
      this.frames.request(this.draw);
    });
    resized.observe(this.area);
    const seen = new IntersectionObserver(
      ([entry]) => {
        this.isVisible = entry!.isIntersecting;
        this.visibilityListener?.(this.isVisible);
        this.request();
      },
      { rootMargin: NEARLY_VISIBLE },
    );
    seen.observe(this.element);
    this.cleanup.add(
      () => resized.disconnect(),
      () => seen.disconnect(),
      this.colours.onChange(() => this.plot?.redraw(false)),
    );
    this.cleanup.listen(this.area, 'keydown', (event) => this.pressed(event as KeyboardEvent));
    this.cleanup.listen(this.area, 'blur', () => this.leave());
  }

  private drawNow(): void {
    const { width } = this;
    if (!this.isVisible || width === 0) return;
    this.drawnAt = performance.now();
    this.area.classList.toggle('empty', this.count === 0);
    if (!this.plot) this.plot = this.make(width);
    else {
      if (this.plot.width !== width) this.plot.setSize({ width, height: this.options.height });
      this.plot.setData(this.data);
    }
    if (this.index >= this.count) this.index = this.count - 1;
    this.drawReadout();
  }

  private make(width: number): uPlot {
    const { options } = this;
    const style = getComputedStyle(this.element);
    const axis = (more: uPlot.Axis): uPlot.Axis => ({
      stroke: () => this.colours.of('--muted'),
      font: `11px ${style.fontFamily}`,
      ticks: { show: false },
      gap: 4,
      ...more,
      grid: { stroke: () => this.colours.of('--grid'), width: 1, ...more.grid },
    });
    const isRight = Number(options.axes[1].side) === 1;
    const plot = new uPlot(
      {
        width,
        height: options.height,
        series: [{}, ...options.series],
        axes: [axis({ size: 26, space: 80, ...options.axes[0] }), axis(options.axes[1])],
        scales: { y: { range: (_, from, to) => paddedRange(from, to) }, ...options.scales },
        // Half a label has to fit on the side that has no axis.
        padding: isRight ? [8, null, 2, EDGE] : [8, EDGE, 2, null],
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
        hooks: {
          drawAxes: [(drawn) => options.drawBelow?.(drawn)],
          draw: [(drawn) => options.drawAbove?.(drawn)],
          setCursor: [() => this.frames.request(this.read)],
        },
      },
      this.data,
      this.area,
    );
    plot.over.addEventListener('click', () => {
      const { idx } = plot.cursor;
      if (typeof idx === 'number') options.choose?.(idx);
    });
    return plot;
  }

  /** The values below the pointer or the keys, or else the newest ones. */
  private drawReadout(): void {
    const { options } = this;
    const resting = options.resting();
    const newest = resting < 0 ? NOTHING : options.describe(resting);
    const pointed = this.index >= 0 ? this.index : this.plot?.cursor.idx;
    const isPointed = typeof pointed === 'number' && pointed < this.count;
    const shown = isPointed ? options.describe(pointed) : newest;
    setText(this.readout, isPointed || resting >= 0 ? shown : '');
    setAttribute(this.element, 'aria-label', `${options.title}. ${newest}`);
    setAttribute(this.area, 'aria-valuemin', '0');
    setAttribute(this.area, 'aria-valuemax', String(Math.max(0, this.count - 1)));
    // While it has the focus, only keys change what it says. A screen reader would read each update.
    if (this.index < 0 && document.activeElement === this.area) return;
    setAttribute(this.area, 'aria-valuenow', String(Math.max(0, this.index >= 0 ? this.index : resting)));
    setAttribute(this.area, 'aria-valuetext', this.index >= 0 ? shown : newest);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || this.count === 0 || !this.plot) return;
    const from = this.index >= 0 ? this.index : this.options.resting();
    const last = this.count - 1;
    const targets: Readonly<Record<string, number>> = {
      ArrowLeft: from - 1,
      ArrowDown: from - 1,
      ArrowRight: from + 1,
      ArrowUp: from + 1,
      PageDown: from - 10,
      PageUp: from + 10,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target !== undefined) this.point(Math.max(0, Math.min(last, target)));
    else if (event.key === 'Enter' && this.options.choose) this.options.choose(from);
    else if (event.key === 'Escape') this.leave();
    else return;
    event.preventDefault();
  }

  private point(index: number): void {
    this.index = index;
    const left = this.plot!.valToPos(this.data[0][index]!, 'x');
    this.plot!.setCursor({ left, top: this.options.height / 2 });
    this.drawReadout();
  }

  private leave(): void {
    if (this.index < 0) return;
    this.index = -1;
    this.plot?.setCursor({ left: -10, top: -10 });
    this.drawReadout();
  }
}

/** A tenth more on each side. Values that are all equal are in the middle. */
function paddedRange(from: number | null, to: number | null): [number, number] {
  if (from === null || to === null) return [0, 1];
  const space = (to - from) / 10 || Math.abs(to) / 200 || 1;
  return [from - space, to + space];
}
