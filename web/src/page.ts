import type { SocketClient } from '@deltastream/socket-client';
import type { Frames } from './frame.js';
import type { GatewayClock } from './gateway-clock.js';
import type { Market } from './market/market.js';
import type { Selection } from './selection.js';
import type { ThemeChoice } from './theme.js';
import type { Traffic } from './traffic.js';

/** What the parts of the page share. */
export interface Page {
  /**
   * The only source of data. It stays the same for the life of a component: if the reader enters
   * another token, all parts are destroyed and built again with a new client.
   */
  readonly client: SocketClient;
  readonly frames: Frames;
  readonly clock: GatewayClock;
  readonly theme: ThemeChoice;
  /** The expiry of the open product. It is a new one for each product that is opened. */
  readonly selection: Selection;
  readonly traffic: Traffic;
  /** All products: prices, summaries of chains, staleness. */
  readonly market: Market;
}
