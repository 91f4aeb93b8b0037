import { byId } from './ui/dom.js';

export const VIEWS = ['overview', 'clients', 'traffic', 'logs'] as const;
export type View = (typeof VIEWS)[number];

/** Shows the view that the address names, such as `#clients`. */
export class Navigation {
  private readonly links = byId('sections', HTMLElement).querySelectorAll('a');
  private readonly views = new Map(VIEWS.map((view) => [view, byId(`view-${view}`, HTMLElement)]));

  /** @param onChange called with the view that is shown now */
  constructor(private readonly onChange: (view: View) => void) {
    window.addEventListener('hashchange', () => this.show());
  }

  show(): void {
    const named = location.hash.slice(1);
    // The skip link has an address of its own, which is no view.
    if (named === 'content') return;
    const view = VIEWS.find((one) => one === named) ?? 'overview';
    for (const [name, element] of this.views) element.hidden = name !== view;
    for (const link of this.links) {
      if (link.hash === `#${view}`) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    this.onChange(view);
  }

  go(view: View): void {
    if (location.hash === `#${view}`) this.show();
    else location.hash = view;
  }
}
