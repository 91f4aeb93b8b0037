import { create, setAttribute, setText } from '../dom.js';
import { expiryDay } from '../format.js';

/** Tabs for the expiries. The arrow keys move between them, as in every list of tabs. */
export class ExpiryTabs {
  readonly element = create('div', 'chain-expiries');
  private readonly tabs = new Map<string, HTMLButtonElement>();

  /** @param panelId the element that the tabs control */
  constructor(
    private readonly panelId: string,
    private readonly choose: (expiry: string) => void,
  ) {
    this.element.setAttribute('role', 'tablist');
    this.element.setAttribute('aria-label', 'Expiries');
    this.element.addEventListener('keydown', (event) => this.pressed(event));
  }

  draw(expiries: readonly string[], chosen: string | undefined): void {
    for (const [expiry, tab] of this.tabs) {
      if (expiries.includes(expiry)) continue;
      tab.remove();
      this.tabs.delete(expiry);
    }
    expiries.forEach((expiry, at) => {
      const tab = this.tabs.get(expiry) ?? this.add(expiry);
      if (this.element.children[at] !== tab)
        this.element.insertBefore(tab, this.element.children[at] ?? null);
      const isChosen = expiry === chosen;
      setAttribute(tab, 'aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    });
  }

  private add(expiry: string): HTMLButtonElement {
    const tab = create('button', 'button');
    tab.type = 'button';
    tab.id = `${this.panelId}-${expiry}`;
    tab.dataset.expiry = expiry;
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', this.panelId);
    tab.title = expiry;
    setText(tab, expiryDay(expiry));
    tab.addEventListener('click', () => this.choose(expiry));
    this.tabs.set(expiry, tab);
    return tab;
  }

  private pressed(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const tabs = [...this.element.children] as HTMLButtonElement[];
    const from = tabs.indexOf(document.activeElement as HTMLButtonElement);
    const tab = tabs[Math.max(0, Math.min(tabs.length - 1, from + step))];
    tab?.focus();
    tab?.click();
  }
}
