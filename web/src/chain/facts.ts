import { create, setText } from '../dom.js';
import { bytes, clockTime, decimal, money, NO_VALUE, strike, timeOf } from '../format.js';
import type { ChainFeed } from './chain-feed.js';
import type { Ladder } from './ladder.js';

/** The line above the ladder: what it marks, what changes are relative to, and what it costs. */
export class Facts {
  readonly element = create('dl', 'chain-facts');
  private readonly values = new Map<string, HTMLElement>();

  constructor(reset: () => void) {
    for (const name of ['Spot', 'Max pain', 'Most call OI', 'Most put OI']) this.add(name);
    const button = create('button', 'chain-reset', 'Reset');
    button.type = 'button';
    button.title = 'Compare with the newest chain from now on';
    button.addEventListener('click', reset);
    this.add('Changes since', button);
    this.add('Cost');
    this.values.get('Changes since')!.title =
      'The first chain of the session, unless you have reset it. If the gateway has not kept it, the first chain of the day that this browser received.';
    this.values.get('Cost')!.title =
      'What the gateway sends for these strikes and columns, as JSON before compression';
  }

  draw({ baseline }: ChainFeed, ladder: Ladder | undefined): void {
    const chain = ladder?.chain;
    const wall = (index: number): string => (index < 0 || !chain ? NO_VALUE : strike(chain.strikes[index]));
    this.set('Spot', chain ? money(chain.product, chain.spot_price) : NO_VALUE);
    this.set('Max pain', strike(chain?.max_pain_strike));
    this.set('Most call OI', ladder ? wall(ladder.walls.calls) : NO_VALUE);
    this.set('Most put OI', ladder ? wall(ladder.walls.puts) : NO_VALUE);
    this.set('Changes since', baseline ? clockTime(timeOf(baseline.timestamp)) : NO_VALUE);
  }

  /** Called each second. */
  drawCost({ cost }: ChainFeed): void {
    const now = cost.at(performance.now());
    this.set(
      'Cost',
      now ? `${bytes(now.bytesPerSecond)}/s, ${decimal(now.updatesPerSecond, 1)} updates/s` : NO_VALUE,
    );
  }

  private add(name: string, ...more: HTMLElement[]): void {
    const value = create('span', '', NO_VALUE);
    value.dataset.fact = name;
    this.values.set(name, value);
    this.element.append(create('div', '', create('dt', '', name), create('dd', '', value, ...more)));
  }

  private set(name: string, text: string): void {
    setText(this.values.get(name)!, text);
  }
}
