import { type ThemeChoice, tokenOf } from '../theme.js';

/**
 * The colours of a canvas. A canvas does not follow style sheets, so they are read once from the
 * design tokens, and again when the scheme changes.
 */
export class Colours {
  private readonly known = new Map<string, string>();
  private readonly listeners = new Set<() => void>();
  private readonly remove: () => void;

  constructor(theme: ThemeChoice) {
    this.remove = theme.onChange(() => {
      this.known.clear();
      for (const listener of this.listeners) listener();
    });
  }

  of(name: `--${string}`): string {
    let colour = this.known.get(name);
    if (colour === undefined) this.known.set(name, (colour = tokenOf(name)));
    return colour;
  }

  /** Calls `listener` after the scheme has changed. Returns a function that removes it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  stop(): void {
    this.remove();
    this.listeners.clear();
  }
}
