'use client';
export { type ChainView, type ProductView, useChain, useConnection, useProduct } from './hooks.js';
export { GatewayProvider, type GatewayProviderProps } from './provider.js';
