import { startCentrifugo } from '../peers/centrifugo.js';
import { startNats } from '../peers/nats.js';
import { startGateway, startGatewayWithoutAddon, startUWebSockets } from '../peers/node-servers.js';
import { allDelivered, cpuBar, latencyBars, LOAD_METRICS } from './bars.js';
import {
  CENTRIFUGO,
  GATEWAY,
  GATEWAY_WITHOUT_ADDON,
  listeners,
  NATS,
  PRODUCTS,
  runWindow,
  type Scenario,
  UWEBSOCKETS,
} from './scenario.js';

const CLIENTS = 1000;
const RATE = 400;

/** At a load that a server carries easily, clients notice its latency. */
export const moderate: Scenario = {
  name: 'moderate',
  about: () => `${CLIENTS} clients in \`general\`, ${RATE} prices a second: the latency at moderate load.`,
  candidates: (quick) => [
    { label: GATEWAY, start: startGateway, rate: RATE },
    ...(quick ? [] : [{ label: GATEWAY_WITHOUT_ADDON, start: startGatewayWithoutAddon, rate: RATE }]),
    { label: NATS, start: startNats, rate: RATE },
    { label: CENTRIFUGO, start: startCentrifugo, rate: RATE },
    { label: UWEBSOCKETS, start: startUWebSockets, rate: RATE },
  ],
  run: ({ start, rate }, context) =>
    runWindow(
      {
        start,
        feed: { kind: 'underlying', products: PRODUCTS },
        workloads: listeners(CLIENTS),
        sampled: 100,
      },
      rate,
      context,
    ),
  metrics: LOAD_METRICS,
  bars: (results) => [allDelivered(results), ...latencyBars(results, 1), cpuBar(results, NATS, 0.65)],
};
