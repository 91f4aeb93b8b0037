import type { Component } from '../component.js';
import { create } from '../dom.js';
import type { Page } from '../page.js';

/** The option chain of a product. */
export function createChainPanel(_page: Page, symbol: string): Component {
  const element = create('section', 'panel', `Option chain of ${symbol}`);
  return { element, destroy: () => {} };
}
