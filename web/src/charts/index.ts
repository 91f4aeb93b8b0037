export { createChartsPanel } from './charts-panel.js';
