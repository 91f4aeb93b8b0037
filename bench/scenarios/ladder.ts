import { gatewayFlushes } from '../harness/gateway-flushes.js';
import { Trial } from '../harness/trial.js';
import { startBareNode, startSendLoop } from '../peers/bare-servers.js';
import { startGateway, startGatewayWithoutAddon } from '../peers/node-servers.js';
import { allDelivered, ratioAtMost } from './bars.js';
import {
  type Candidate,
  crowdOfListeners,
  GATEWAY,
  GATEWAY_WITHOUT_ADDON,
  type Scenario,
  warmUpMs,
  windowMs,
} from './scenario.js';

const CLIENTS = 5000;
const QUICK_CLIENTS = 1000;
const RATE = 10;

const SEND_LOOP = 'bare send() loop in C';
const BARE_NODE = 'bare socket.write() loop in Node';

interface Rung extends Candidate {
  /** Whether it may write several messages at once, and counts its writes. */
  readonly joinsMessages: boolean;
}

/** How much CPU a write costs, above what the kernel takes for it. */
export const ladder: Scenario<Rung> = {
  name: 'ladder',
  about: (quick) =>
    `${clientsOf(quick).toLocaleString('en')} clients in \`general\`, ${RATE} prices a second: the CPU of one write to ` +
    'one client. The bare servers only read lines from a connection and write each of them to every client. They ' +
    'check nothing and have no Redis, rooms or sessions, so they show what the kernel and Node cost. The gateway may ' +
    'write several messages to a client at once.',
  candidates: (quick) => [
    rung(GATEWAY, startGateway, true),
    ...(quick ? [] : [rung(GATEWAY_WITHOUT_ADDON, startGatewayWithoutAddon, true)]),
    rung(SEND_LOOP, startSendLoop, false),
    rung(BARE_NODE, startBareNode, false),
  ],
  run: async ({ start, rate, joinsMessages }, { quick, closing }) => {
    const trial = await Trial.start(crowdOfListeners(start, clientsOf(quick)), closing);
    if ('skipped' in trial) return trial;
    try {
      await trial.publish(rate, warmUpMs(quick));
      const before = joinsMessages ? await gatewayFlushes(trial.peer) : undefined;
      const window = await trial.measure(windowMs(quick));
      const after = joinsMessages ? await gatewayFlushes(trial.peer) : undefined;
      const framesPerWrite =
        before && after
          ? (after.messagesPerWrite - before.messagesPerWrite) / (after.count - before.count)
          : 1;
      const cpuUsPerWrite = (window.cpuUsPerDelivery ?? Number.NaN) * framesPerWrite;
      return { ...window, framesPerWrite, cpuUsPerWrite, ...(await trial.finish()) };
    } finally {
      await trial.close();
    }
  },
  metrics: ['rate', 'deliveriesPerSecond', 'framesPerWrite', 'cpuUsPerWrite', 'p50Ms', 'p99Ms', 'maxMs'],
  bars: (results) => [
    allDelivered(results),
    ratioAtMost(
      'CPU per write at most 1.35 of the loop in C',
      results(GATEWAY)?.cpuUsPerWrite,
      results(SEND_LOOP)?.cpuUsPerWrite,
      1.35,
    ),
  ],
};

function rung(label: string, start: Candidate['start'], joinsMessages: boolean): Rung {
  return { label, start, rate: RATE, joinsMessages };
}

function clientsOf(quick: boolean): number {
  return quick ? QUICK_CLIENTS : CLIENTS;
}
