import type { Component } from '../component.js';
import { create } from '../dom.js';
import type { Page } from '../page.js';

/** The option chain of a product. */
export function createChainPanel({ client }: Page, symbol: string): Component {
  const element = create('section', 'panel', `Option chain of ${symbol}`);
  const chain = client.subscribe({ type: 'chain', symbol, view: { mode: 'ltp', strikes: 5, max_rate: 4 } });
  chain.ready.catch(() => undefined);
  return { element, destroy: () => chain.unsubscribe() };
}
