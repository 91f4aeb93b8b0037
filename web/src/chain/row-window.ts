/** What a scrolled ladder shows. Heights are in px. */
export interface Viewport {
  readonly scrollTop: number;
  /** The height of the visible rows, without the heading. */
  readonly height: number;
  readonly rowHeight: number;
}

/** Rows beyond each edge of the window, so that scrolling does not show a blank before the next frame. */
const MARGIN = 4;

/**
 * The indexes of the rows that must exist, in ascending order: those in the window, and others that
 * must not be removed.
 * @param pinned such as the row that has the focus. Negative indexes are ignored.
 */
export function rowsIn(
  { scrollTop, height, rowHeight }: Viewport,
  count: number,
  pinned: readonly number[],
): number[] {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - MARGIN);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + MARGIN);
  const wanted = new Set(pinned.filter((index) => index >= 0 && index < count));
  for (let index = first; index < end; index++) wanted.add(index);
  return [...wanted].sort((a, b) => a - b);
}

/** The scroll position that shows a row in the middle. */
export function centred(index: number, { height, rowHeight }: Viewport, count: number): number {
  const most = Math.max(0, count * rowHeight - height);
  return Math.round(Math.min(most, Math.max(0, (index + 0.5) * rowHeight - height / 2)));
}

/** The scroll position that shows a row with the least movement. */
export function revealing(index: number, { scrollTop, height, rowHeight }: Viewport): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
