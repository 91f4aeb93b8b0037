'use client';
export {
  type ChainView,
  type ProductView,
  useAge,
  useChain,
  useConnection,
  useProduct,
  type ViewOptions,
} from './hooks.js';
export { GatewayProvider, type GatewayProviderProps } from './provider.js';
