import type { Measurement } from '../harness/measurement.js';
import { startGatewayFor } from '../peers/node-servers.js';
import { type Protocol, SOCKET_IO, SOCKET_IO_MESSAGEPACK, type Workload } from '../peers/peer.js';
import { allDelivered, ratioAtMost } from './bars.js';
import { type Candidate, runWindow, type Scenario, type Verdict } from './scenario.js';

const CLIENTS = 300;
const RATE = 8;
const PRODUCT = 'NIFTY';
/** The mean size of a recorded chain, and the size of a large one. */
const CHAINS = [14_000, 80_000] as const;
const ENCODINGS: readonly (readonly [name: string, protocol: Protocol, offersDeflate: boolean])[] = [
  ['JSON', SOCKET_IO, false],
  ['JSON, deflated', SOCKET_IO, true],
  ['MessagePack', SOCKET_IO_MESSAGEPACK, false],
  ['MessagePack, deflated', SOCKET_IO_MESSAGEPACK, true],
];

interface EncodingRow extends Candidate {
  readonly chainBytes: number;
  readonly offersDeflate: boolean;
}

const labelOf = (name: string, chainBytes: number): string => `${name}, ${chainBytes / 1000} KB`;

/** The bytes and the CPU time of each encoding, where they matter: for chains. */
export const encodings: Scenario<EncodingRow> = {
  name: 'encodings',
  about: () =>
    `${CLIENTS} Socket.IO clients of the gateway that have left \`general\` receive the whole option chain of one ` +
    `product, ${RATE} times a second. The size is that of the JSON.`,
  candidates: () =>
    CHAINS.flatMap((chainBytes) =>
      ENCODINGS.map(([name, protocol, offersDeflate]) => ({
        label: labelOf(name, chainBytes),
        start: startGatewayFor(protocol),
        rate: RATE,
        chainBytes,
        offersDeflate,
      })),
    ),
  run: ({ start, rate, chainBytes, offersDeflate }, context) => {
    const rooms = [{ type: 'chain' as const, symbol: PRODUCT }];
    const workload: Workload = { everything: false, rooms, keys: [0], snapshots: 0 };
    return runWindow(
      {
        start,
        feed: { kind: 'chain', products: [PRODUCT], chainBytes },
        workloads: new Array<Workload>(CLIENTS).fill(workload),
        offersDeflate,
        sampled: 6,
      },
      rate,
      context,
    );
  },
  metrics: ['rate', 'deliveriesPerSecond', 'bytesPerDelivery', 'cpuUsPerDelivery', 'p50Ms', 'p99Ms'],
  bars: (results) =>
    CHAINS.flatMap((chainBytes) => {
      const [json, packed] = [
        results(labelOf('JSON', chainBytes)),
        results(labelOf('MessagePack', chainBytes)),
      ];
      return [
        ...ENCODINGS.map(([name]) => allDelivered(results, labelOf(name, chainBytes))),
        comparison(chainBytes, 'CPU per delivery', 'cpuUsPerDelivery', packed, json, 1.1),
        comparison(chainBytes, 'bytes per delivery', 'bytesPerDelivery', packed, json, 1),
      ];
    }),
};

function comparison(
  chainBytes: number,
  what: string,
  metric: 'cpuUsPerDelivery' | 'bytesPerDelivery',
  packed: Measurement | undefined,
  json: Measurement | undefined,
  share: number,
): Verdict {
  const bar = `MessagePack, ${chainBytes / 1000} KB: ${what} at most ${share} of JSON's`;
  return ratioAtMost(bar, packed?.[metric], json?.[metric], share);
}
