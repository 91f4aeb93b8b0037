import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const SCRIPT = readFileSync(join(__dirname, 'text-layout.browser.js'), 'utf8');

/** The sizes of a phone, a tablet, a laptop and a wide screen, in px. */
export const SCREENS = [
  { width: 390, height: 844 },
  { width: 768, height: 1_024 },
  { width: 1_400, height: 900 },
  { width: 1_920, height: 1_080 },
] as const;
export const SCHEMES = ['light', 'dark'] as const;

/**
 * Returns what is wrong with the text of a page, in words: text that is cut, that overlaps other
 * text, or that reaches out of the page. An ellipsis with a `title` is not cut, and what can be
 * scrolled into view is not either.
 */
export function textProblems(page: Page): Promise<string[]> {
  return page.evaluate(SCRIPT);
}

/** What is wrong in this state of a page, on every screen and in both schemes. */
export async function layoutProblems(page: Page): Promise<string[]> {
  const problems: string[] = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const screen of SCREENS) {
      await page.setViewportSize(screen);
      const found = await textProblems(page);
      problems.push(...found.map((problem) => `${screen.width} px, ${colorScheme}: ${problem}`));
    }
  }
  return problems;
}
