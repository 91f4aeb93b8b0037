import 'uplot/dist/uPlot.min.css';
import './charts.css';
import { acquireChainFeed, releaseChainFeed } from '../chain/chain-feed.js';
import type { Component } from '../component.js';
import { create } from '../dom.js';
import type { Page } from '../page.js';
import { Colours } from './colours.js';
import { DayCharts } from './day-charts.js';
import { OpenInterestChart } from './oi-chart.js';
import { PriceChart } from './price-chart.js';
import { SmileChart } from './smile-chart.js';

/** The charts of a product. Those of its chain show the expiry and the strikes of the ladder. */
export function createChartsPanel(page: Page, symbol: string): Component {
  const feed = acquireChainFeed(page, symbol);
  const colours = new Colours(page.theme);
  const price = new PriceChart(page, colours, symbol);
  const interest = new OpenInterestChart(page, colours, feed);
  const smile = new SmileChart(page, colours, feed);
  const day = new DayCharts(page, colours, feed);
  price.element.classList.add('chart-wide');
  const element = create(
    'section',
    'panel charts',
    price.element,
    interest.element,
    smile.element,
    day.pcr.element,
    day.straddle.element,
  );
  element.setAttribute('aria-label', `Charts of ${symbol}`);
  return {
    element,
    destroy: () => {
      for (const part of [price, interest, smile, day]) part.destroy();
      colours.stop();
      releaseChainFeed(page, symbol);
    },
  };
}
