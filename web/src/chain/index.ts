export { createChainPanel } from './chain-panel.js';
