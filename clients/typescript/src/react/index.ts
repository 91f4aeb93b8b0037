'use client';
export {
  type ChainOptions,
  type ChainView,
  type ChainViewOptions,
  type PortfolioView,
  type ProductOptions,
  type ProductView,
  useAge,
  useChain,
  useConnection,
  useNotice,
  usePortfolio,
  useProduct,
  type ViewOptions,
} from './hooks.js';
export { type HistoryView, type SeriesView, useHistory, useSeries } from './history-hooks.js';
export { GatewayProvider, type GatewayProviderProps } from './provider.js';
