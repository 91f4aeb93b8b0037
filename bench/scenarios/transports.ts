import { startGateway, startGatewayFor } from '../peers/node-servers.js';
import { eventSource, PLAIN_MESSAGEPACK, PLAIN_WEBSOCKET, SOCKET_IO_MESSAGEPACK } from '../peers/peer.js';
import { allDelivered, ratioAtMost } from './bars.js';
import {
  GATEWAY,
  listeners,
  PRODUCTS,
  type Results,
  runWindow,
  type Scenario,
  type Verdict,
} from './scenario.js';

const CLIENTS = 1000;
const RATE = 400;
const [LISTENER] = listeners(1);

const PLAIN_WEBSOCKETS = 'gateway, plain WebSocket';
const MESSAGEPACK = 'gateway, Socket.IO with MessagePack';
const PLAIN_WITH_MESSAGEPACK = 'gateway, plain WebSocket with MessagePack';
const EVENT_SOURCES = 'gateway, server-sent events';

/** The cost of each way in. The row of the gateway is that of Socket.IO. */
export const transports: Scenario = {
  name: 'transports',
  about: () =>
    `${CLIENTS} clients of one transport in \`general\`, ${RATE} prices a second. The row "${GATEWAY}" is ` +
    'Socket.IO over WebSocket.',
  candidates: () => [
    { label: GATEWAY, start: startGateway, rate: RATE },
    { label: PLAIN_WEBSOCKETS, start: startGatewayFor(PLAIN_WEBSOCKET), rate: RATE },
    { label: MESSAGEPACK, start: startGatewayFor(SOCKET_IO_MESSAGEPACK), rate: RATE },
    { label: PLAIN_WITH_MESSAGEPACK, start: startGatewayFor(PLAIN_MESSAGEPACK), rate: RATE },
    { label: EVENT_SOURCES, start: startGatewayFor(eventSource(LISTENER!)), rate: RATE },
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
  metrics: ['rate', 'deliveriesPerSecond', 'bytesPerDelivery', 'cpuUsPerDelivery', 'p50Ms', 'p99Ms'],
  bars: (results) => [
    allDelivered(results),
    ...costBars(results, PLAIN_WEBSOCKETS, 1),
    ...costBars(results, MESSAGEPACK, 1.1),
    ...costBars(results, PLAIN_WITH_MESSAGEPACK, 1.1),
    ...costBars(results, EVENT_SOURCES, 1.2),
  ],
};

/** The bars of another transport: its CPU time is at most `share` of what Socket.IO needs. */
function costBars(results: Results, label: string, share: number): Verdict[] {
  const [other, gateway] = [results(label), results(GATEWAY)];
  return [
    allDelivered(results, label),
    ratioAtMost(
      `${label}: CPU per delivery at most ${share} of Socket.IO's`,
      other?.cpuUsPerDelivery,
      gateway?.cpuUsPerDelivery,
      share,
    ),
  ];
}
