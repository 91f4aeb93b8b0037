import type { Frames } from '../frame.js';

export type Direction = 'up' | 'down';

/** How long a changed cell stays coloured. */
const FLASH_MS = 450;

/**
 * Colours cells that have changed, for a moment. One timer serves all cells, and none runs while
 * nothing changes. Readers who asked their system for less motion get no flashes.
 */
export class Flasher {
  private readonly until = new Map<HTMLElement, number>();
  private readonly calm = matchMedia('(prefers-reduced-motion: reduce)');
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly sweep = (): void => this.end(performance.now());

  constructor(private readonly frames: Frames) {}

  flash(cell: HTMLElement, direction: Direction): void {
    if (this.calm.matches) return;
    const { classList } = cell;
    if (this.until.has(cell)) classList.remove(direction === 'up' ? 'flash-down' : 'flash-up');
    // A cell that changes again keeps its place at the end of the map, which is in order of time.
    this.until.delete(cell);
    this.until.set(cell, performance.now() + FLASH_MS);
    classList.add(`flash-${direction}`);
    this.wait();
  }

  /** The cell shows something else now. */
  forget(cell: HTMLElement): void {
    if (this.until.delete(cell)) cell.classList.remove('flash-up', 'flash-down');
  }

  stop(): void {
    clearTimeout(this.timer);
    this.frames.cancel(this.sweep);
    for (const cell of this.until.keys()) cell.classList.remove('flash-up', 'flash-down');
    this.until.clear();
  }

  private wait(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.frames.request(this.sweep);
    }, FLASH_MS);
  }

  private end(now: number): void {
    for (const [cell, time] of this.until) {
      if (time > now) break;
      this.until.delete(cell);
      cell.classList.remove('flash-up', 'flash-down');
    }
    if (this.until.size > 0) this.wait();
  }
}
