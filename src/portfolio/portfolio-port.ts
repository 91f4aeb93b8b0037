import type { ChannelSource } from '../feed/channel-source.js';

/**
 * Port: creates the subscriptions to the channels of users. It is called when the first client asks
 * for its portfolio, so that a gateway without such clients has no connection for it. `null` if the
 * gateway does not authenticate clients: it then knows no users.
 */
export type PortfolioPort = (() => ChannelSource) | null;

/** Nest token of the {@link PortfolioPort}. */
export const PORTFOLIO_PORT = Symbol('PORTFOLIO_PORT');
