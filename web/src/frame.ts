/**
 * Batches drawing: however many updates arrive, each `draw` runs at most once in an animation frame.
 * Browsers run no frames in hidden tabs, so a hidden page draws nothing. Its state still follows the
 * feed, and the first visible frame shows it.
 */
export class Frames {
  private readonly pending = new Set<() => void>();
  private handle: number | undefined;

  /** Runs `draw` in the next frame. Pass the same function each time, because it is the key. */
  request(draw: () => void): void {
    this.pending.add(draw);
    this.handle ??= requestAnimationFrame(() => this.run());
  }

  /** Forgets a requested draw. */
  cancel(draw: () => void): void {
    this.pending.delete(draw);
  }

  private run(): void {
    this.handle = undefined;
    const draws = [...this.pending];
    this.pending.clear();
    for (const draw of draws) {
      try {
        draw();
      } catch (error) {
        // One broken part must not stop the others.
        reportError(error);
      }
    }
  }
}
