/** A price at a time, in ms since the epoch. */
export interface TrendPoint {
  readonly at: number;
  readonly price: number;
}

/** Twice as many points as the widest sparkline has pixels would show nothing more. */
const MAX_POINTS = 240;

/**
 * The course of a price since the session began, in a bounded number of points. When it is full, it
 * keeps every second point, so it always covers the whole session.
 */
export class Trend {
  private items: TrendPoint[] = [];
  private stepMs = 1_000;

  get points(): readonly TrendPoint[] {
    return this.items;
  }

  /** Begins again with past points, in ascending order of time. Newer live points are kept. */
  restart(past: readonly TrendPoint[]): void {
    const end = past.at(-1)?.at ?? -Infinity;
    const live = this.items.filter(({ at }) => at > end);
    this.items = [];
    this.stepMs = 1_000;
    for (const { at, price } of [...past, ...live]) this.add(at, price);
  }

  /** Adds a price. Within one step, it replaces the last one. An older one is left out. */
  add(at: number, price: number): void {
    const last = this.items.at(-1);
    if (last && at < last.at) return;
    const before = this.items.at(-2);
    if (last && before && at - before.at < this.stepMs) this.items.pop();
    this.items.push({ at, price });
    if (this.items.length <= MAX_POINTS) return;
    this.items = this.items.filter((_, index) => index % 2 === 0);
    this.stepMs = (this.items.at(-1)!.at - this.items[0]!.at) / (MAX_POINTS / 2);
  }
}

/**
 * The `d` of an SVG path through the points.
 * @param reference a price that is inside the drawn range too, such as that of the baseline
 * @returns the path and the height of the reference, from the top
 */
export function trendPath(
  points: readonly TrendPoint[],
  width: number,
  height: number,
  reference?: number,
): { readonly d: string; readonly baseline: number | undefined } {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return { d: '', baseline: undefined };
  let [low, high] = [reference ?? first.price, reference ?? first.price];
  for (const { price } of points) {
    if (price < low) low = price;
    if (price > high) high = price;
  }
  const span = last.at - first.at || 1;
  const range = high - low;
  const y = (price: number): number =>
    range === 0 ? height / 2 : 1 + ((high - price) / range) * (height - 2);
  const d = points
    .map(({ at, price }, index) => {
      const x = ((at - first.at) / span) * width;
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y(price).toFixed(1)}`;
    })
    .join('');
  return {
    d: points.length === 1 ? `M0 ${y(first.price).toFixed(1)}H${width}` : d,
    baseline: reference === undefined ? undefined : y(reference),
  };
}
