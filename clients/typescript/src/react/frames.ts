/** At 60 frames a second. */
const FRAME_MS = 16;

/**
 * Runs the tasks of all hooks together, once a frame. React then renders them in one go, so that no
 * two components differ.
 *
 * A timer and not `requestAnimationFrame`: messages that came while the page rendered are waiting
 * in the event loop before a timer that is set afterwards. The next render therefore has the newest
 * of them, however slow the page is. Hidden pages also run timers, though less often.
 */
export class Frames {
  private readonly waiting = new Set<() => void>();
  private last = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Runs `task` in the next frame, once, however often it is requested until then. */
  request(task: () => void): void {
    this.waiting.add(task);
    // Tests of pages set clocks back, hence the upper bound.
    const rest = Math.min(FRAME_MS, this.last + FRAME_MS - performance.now());
    this.timer ??= setTimeout(this.run, Math.max(0, rest));
  }

  cancel(task: () => void): void {
    this.waiting.delete(task);
    if (this.waiting.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private readonly run = (): void => {
    this.timer = undefined;
    this.last = performance.now();
    const tasks = [...this.waiting];
    this.waiting.clear();
    for (const task of tasks) task();
  };
}

export const frames = new Frames();
