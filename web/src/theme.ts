/** The colour scheme: that of the system, unless the reader chose one. */
export type Scheme = 'light' | 'dark';

const KEY = 'deltastream-scheme';
const dark = () => matchMedia('(prefers-color-scheme: dark)');

/** Browsers can forbid storage. The choice then lasts as long as the page. */
function stored(): Scheme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The choice of the colour scheme, remembered in `localStorage`. */
export class ThemeChoice {
  private readonly listeners = new Set<() => void>();
  private chosen = stored();

  constructor() {
    dark().addEventListener('change', () => this.apply());
    this.apply();
  }

  get scheme(): Scheme {
    return this.chosen ?? (dark().matches ? 'dark' : 'light');
  }

  toggle(): void {
    this.chosen = this.scheme === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem(KEY, this.chosen);
    } catch {
      // It stays in memory.
    }
    this.apply();
  }

  /**
   * Calls `listener` after the scheme has changed, for what is drawn on a canvas: read the colours
   * again with `tokenOf`. Returns a function that removes the listener.
   */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private apply(): void {
    document.documentElement.dataset.scheme = this.scheme;
    for (const listener of this.listeners) listener();
  }
}

/** The value of a design token in the current scheme, such as `tokenOf('--up')`. */
export function tokenOf(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
