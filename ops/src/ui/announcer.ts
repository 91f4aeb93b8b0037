import { setText } from './dom.js';

/**
 * Tells screen readers what changed and matters. Nothing else on the page is a live region, because
 * most numbers change each second.
 */
export class Announcer {
  constructor(private readonly region: HTMLElement) {}

  say(text: string): void {
    // The same text again would not be a change.
    if (this.region.textContent === text) this.region.textContent = '';
    setText(this.region, text);
  }
}
