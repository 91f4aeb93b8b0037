/** The colour scheme: that of the system, unless the reader chose one. */
export type Scheme = 'light' | 'dark';

const KEY = 'deltastream-scheme';
const prefersDark = (): MediaQueryList => matchMedia('(prefers-color-scheme: dark)');

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
    prefersDark().addEventListener('change', () => this.apply());
    this.apply();
  }

  get scheme(): Scheme {
    return this.chosen ?? (prefersDark().matches ? 'dark' : 'light');
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
    if (this.chosen) document.documentElement.dataset.scheme = this.chosen;
    for (const listener of this.listeners) listener();
  }
}

/** The colour of a design token in the current scheme, such as `tokenOf('--up')`, for a canvas. */
export function tokenOf(name: `--${string}`): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.documentElement.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
