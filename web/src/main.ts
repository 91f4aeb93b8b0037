import './styles/tokens.css';
import './styles/base.css';
import { connect } from '@deltastream/socket-client';
import { createChainPanel } from './chain/index.js';
import { createChartsPanel } from './charts/index.js';
import { Frames } from './frame.js';
import { GatewayClock } from './gateway-clock.js';
import { Selection } from './selection.js';
import { ThemeChoice } from './theme.js';
import { Traffic } from './traffic.js';

const client = connect(location.origin);
const page = {
  client,
  frames: new Frames(),
  clock: new GatewayClock(client),
  theme: new ThemeChoice(),
  selection: new Selection(),
  traffic: new Traffic(),
};
void client.products().then(([symbol]) => {
  if (symbol === undefined) return;
  document.body.append(createChainPanel(page, symbol).element, createChartsPanel(page, symbol).element);
});
