import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import type { Locator, Page } from 'playwright-core';

/** Finds cut elements, in the page: a text, because the tests have no types of browsers. */
const CUT = `(() => {
  const root = document.documentElement;
  const tooWide = root.scrollWidth > root.clientWidth ? ['the page: ' + root.scrollWidth] : [];
  const cut = [...document.querySelectorAll('main *')].filter((element) => {
    if (element.closest('.hidden-text, .scroll, .plot, thead') || element.clientWidth === 0) return false;
    return element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline';
  });
  return [...tooWide, ...cut.map((element) => element.outerHTML.slice(0, 120))];
})()`;

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export type OpsView = 'Overview' | 'Clients' | 'Rooms and feed' | 'Logs and actions';
export const OPS_VIEWS: readonly OpsView[] = ['Overview', 'Clients', 'Rooms and feed', 'Logs and actions'];

/** The page at `/ops` in a browser, as an operator sees it. */
export class OpsPage {
  constructor(readonly page: Page) {}

  async signIn(token: string, operator = 'Ada'): Promise<void> {
    await this.page.getByLabel('Your name').fill(operator);
    await this.page.getByLabel('Admin token').fill(token);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  async live(): Promise<void> {
    await this.page.getByText('Live', { exact: true }).waitFor();
  }

  async show(view: OpsView): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: view }).click();
  }

  /** The number of a tile, such as `Clients`. */
  tile(label: string): Locator {
    return this.page.locator('.tile', { has: this.page.getByText(label, { exact: true }) }).locator('.value');
  }

  replica(name: string): Locator {
    return this.page.locator(`#replica-table tr[data-key="${name}"]`);
  }

  /** A cell of the row of a replica, by the label of its column. */
  cell(replica: string, label: string): Locator {
    return this.replica(replica).locator(`[data-label="${label}"]`);
  }

  /** The row of a client. */
  client(id: string): Locator {
    return this.page.locator('#client-table tbody tr', { hasText: id });
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  /** Presses a button that opens a dialog, and confirms it. Returns what the dialog said before. */
  async act(button: string, confirm: string): Promise<string> {
    await this.page.getByRole('button', { name: button, exact: true }).click();
    const description = this.dialog.locator('#action-description');
    await description.waitFor();
    const text = await description.innerText();
    await this.dialog.getByRole('button', { name: confirm, exact: true }).click();
    return text;
  }

  /** Waits for the outcome of the action, closes the dialog and returns what it said. */
  async outcome(): Promise<string> {
    const close = this.dialog.getByRole('button', { name: 'Close', exact: true });
    await close.waitFor();
    const text = await this.dialog.getByRole('status').innerText();
    await close.click();
    return text;
  }

  /** What axe finds wrong that is serious or critical, with the elements. */
  async seriousViolations(): Promise<string[]> {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate<AxeResults>('axe.run(document)');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }

  /** The elements whose text is cut, or that reach beyond the width of the window. */
  async cutElements(): Promise<string[]> {
    return this.page.evaluate<string[]>(CUT);
  }
}
