import { connect } from '@deltastream/socket-client';
import { Cleanup, type Component } from './component.js';
import { createConnectionPanel } from './connection/connection-panel.js';
import { startScenarioChoice } from './demo/scenario-choice.js';
import { Frames } from './frame.js';
import { GatewayClock } from './gateway-clock.js';
import { Market } from './market/market.js';
import type { Page } from './page.js';
import { createProductView } from './product/product-view.js';
import { Selection } from './selection.js';
import { Tokens } from './session/tokens.js';
import { Banner } from './shell/banner.js';
import { createNotices } from './shell/notices.js';
import { startHeader, startSchemeButton } from './shell/header.js';
import { ThemeChoice } from './theme.js';
import { Traffic } from './traffic.js';
import { createWatchlist } from './watchlist/watchlist.js';

const part = (id: string): HTMLElement => document.getElementById(id)!;

/**
 * The page as a whole. It has one client at a time. A client that was closed cannot be used again,
 * so another token means another client, and the parts of the page are built again on it.
 */
export class App {
  private readonly frames = new Frames();
  private readonly theme = new ThemeChoice();
  private readonly tokens = new Tokens({ restart: () => this.start() });
  private cleanup = new Cleanup();
  /** The product that stays open with the next client. */
  private opened: string | undefined;

  constructor() {
    startSchemeButton(this.theme);
    void startScenarioChoice(part('scenario'));
    part('sign-out').addEventListener('click', () => this.tokens.forget());
  }

  /** Connects, and builds the parts of the page. */
  start(): void {
    this.cleanup.run();
    const cleanup = (this.cleanup = new Cleanup());
    const traffic = new Traffic();
    const client = connect(location.origin, {
      token: this.tokens.option,
      path: new URL('socket.io', document.baseURI).pathname, // below the path of a proxy, too
      onReceive: (bytes) => (traffic.bytes += bytes),
    });
    const market = new Market(client);
    const clock = new GatewayClock(client);
    const { frames, theme } = this;
    const page: Page = { client, frames, theme, clock, traffic, market, selection: new Selection() };
    const count = (): void => void (traffic.updates += 1);
    cleanup.add(
      () => client.close(),
      () => market.destroy(),
      () => clock.stop(),
      ...(['underlying_update', 'chain_summary', 'chain_update', 'chain_view'] as const).map((event) =>
        client.on(event, count),
      ),
      clock.onTick(() => traffic.sample(performance.now())),
      ...this.tokens.follow(client),
    );
    this.build(page, cleanup);
  }

  private build(page: Page, cleanup: Cleanup): void {
    const watchlist = createWatchlist(page, (symbol) => open(symbol));
    const connection = createConnectionPanel(page);
    const header = startHeader(page);
    const banner = new Banner(part('banner'), page.client, () => this.start());
    const notices = createNotices(page.client);
    part('side').replaceChildren(watchlist.element, connection.element);
    part('notices').replaceChildren(notices.element);

    let view: (Component & { readonly symbol: string }) | undefined;
    const open = (symbol: string): void => {
      if (view?.symbol === symbol) return;
      view?.destroy();
      view = createProductView(page, symbol);
      this.opened = symbol;
      part('main').replaceChildren(view.element);
      watchlist.setOpen(symbol);
    };
    const openFirst = (): void => {
      const [first] = page.market.products.keys();
      const symbol = this.opened ?? first;
      if (!view && page.market.isListed && symbol !== undefined) open(symbol);
    };
    cleanup.add(
      page.market.on(openFirst),
      () => watchlist.destroy(),
      () => connection.destroy(),
      () => header.run(),
      () => banner.stop(),
      () => notices.destroy(),
      () => view?.destroy(),
    );
  }
}
