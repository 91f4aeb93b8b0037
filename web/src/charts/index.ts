import type { Component } from '../component.js';
import { create } from '../dom.js';
import type { Page } from '../page.js';

/** The charts of a product. */
export function createChartsPanel(_page: Page, symbol: string): Component {
  const element = create('section', 'panel', `Charts of ${symbol}`);
  return { element, destroy: () => {} };
}
