import { startCentrifugo } from '../peers/centrifugo.js';
import { startNats } from '../peers/nats.js';
import { startGateway, startGatewayWithoutAddon, startUWebSockets } from '../peers/node-servers.js';
import { allDelivered, cpuBar, latencyBars, LOAD_METRICS } from './bars.js';
import {
  CENTRIFUGO,
  crowdOfListeners,
  GATEWAY,
  GATEWAY_WITHOUT_ADDON,
  NATS,
  runWindow,
  type Scenario,
  UWEBSOCKETS,
} from './scenario.js';

const CLIENTS = 10_000;
const RATE = 10;

/** So many clients that the writes of one message take a noticeable time. */
export const crowd: Scenario = {
  name: 'crowd',
  about: () =>
    `${CLIENTS.toLocaleString('en')} clients in \`general\`, ${RATE} prices a second: the latency of a crowd.`,
  candidates: (quick) => [
    { label: GATEWAY, start: startGateway, rate: RATE },
    ...(quick ? [] : [{ label: GATEWAY_WITHOUT_ADDON, start: startGatewayWithoutAddon, rate: RATE }]),
    { label: NATS, start: startNats, rate: RATE },
    ...(quick
      ? []
      : [
          { label: CENTRIFUGO, start: startCentrifugo, rate: RATE },
          { label: UWEBSOCKETS, start: startUWebSockets, rate: RATE },
        ]),
  ],
  run: ({ start, rate }, context) => runWindow(crowdOfListeners(start, CLIENTS), rate, context),
  metrics: LOAD_METRICS,
  bars: (results) => [allDelivered(results), ...latencyBars(results, 0.5), cpuBar(results, NATS, 0.6)],
};
