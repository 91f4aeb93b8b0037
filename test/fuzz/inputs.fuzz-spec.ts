import { RedisServer } from '../support/redis-server.js';
import { PLAIN, PLAIN_MESSAGEPACK, SOCKET_IO_MESSAGEPACK } from './support/dialect.js';
import { FrameGenerator, OPCODE, frame, textFrame } from './support/frames.js';
import { chosen, FuzzRun, INPUTS, SEED, type Surface } from './support/fuzz-run.js';
import { HttpLane } from './support/http-lane.js';
import { httpInput, upgradeInput } from './support/http-inputs.js';
import { messagePackFrame } from './support/messagepack-messages.js';
import { arbitraryJson, PacketGenerator } from './support/packets.js';
import { plainMessage } from './support/plain-messages.js';
import { pollingInput } from './support/polling-inputs.js';
import { PollingLane } from './support/polling-lane.js';
import { restInput } from './support/rest-inputs.js';
import { sseInput } from './support/sse-inputs.js';
import { WebSocketLane } from './support/websocket-lane.js';

const JSONS = 5_000;
const TIMEOUT_MS = 600_000;

const packets = new PacketGenerator(arbitraryJson(SEED, JSONS));
const frames = new FrameGenerator(packets);

let redis: RedisServer;
let run: FuzzRun;
/** The open polling sessions, so that other lanes can interfere with them. */
const sessions: PollingLane[] = [];
const sids = (): readonly string[] => sessions.map(({ sid }) => sid);

beforeAll(async () => {
  redis = await RedisServer.start();
  run = await FuzzRun.start(redis);
});

afterAll(() => {
  run.stop();
  process.stderr.write(run.report());
});

const pollingLane = (n: number): PollingLane => {
  if (n === 0) sessions.length = 0;
  const lane = new PollingLane(run.gateway.port, (random) => pollingInput(random, packets, sids()));
  sessions.push(lane);
  return lane;
};

/**
 * WebSockets come first, because ws keeps closed ones for a while and memory is measured at the
 * end.
 */
const ALL: readonly Surface[] = [
  {
    name: 'Socket.IO packets over WebSocket',
    share: 0.2,
    webSockets: true,
    lane: () =>
      new WebSocketLane(run.gateway.port, false, (random) => {
        const { text, attachments } = packets.next(random);
        const binary = attachments.map((bytes) => frame(bytes, { opcode: OPCODE.binary }, random));
        return Buffer.concat([textFrame(`4${text}`), ...binary]);
      }),
  },
  {
    name: 'WebSocket frames',
    share: 0.25,
    webSockets: true,
    lane: (n) => new WebSocketLane(run.gateway.port, n % 2 === 0, (random) => frames.next(random)),
  },
  {
    name: 'messages and frames of plain WebSockets',
    share: 0.1,
    webSockets: true,
    lane: (n) =>
      new WebSocketLane(
        run.gateway.port,
        n % 2 === 0,
        (random) => (random.once(3) ? frames.next(random) : textFrame(plainMessage(random, packets))),
        PLAIN,
      ),
  },
  {
    name: 'MessagePack over Socket.IO and plain WebSockets',
    share: 0.1,
    webSockets: true,
    lane: (n) => {
      const isPlain = n % 2 === 0;
      return new WebSocketLane(
        run.gateway.port,
        n % 4 < 2,
        (random) => messagePackFrame(random, packets, isPlain),
        isPlain ? PLAIN_MESSAGEPACK : SOCKET_IO_MESSAGEPACK,
      );
    },
  },
  {
    name: 'upgrades to WebSocket',
    share: 0.1,
    webSockets: true,
    // A session of another client exists that an upgrade can take over.
    lane: (n) =>
      n < 2
        ? pollingLane(n)
        : new HttpLane(run.gateway.port, (random) => upgradeInput(random, packets, sids())),
  },
  { name: 'engine.io and Socket.IO packets over polling', share: 0.25, lane: pollingLane },
  { name: 'HTTP', share: 0.1, lanes: 32, lane: () => new HttpLane(run.gateway.port, httpInput) },
  {
    name: 'requests of the HTTP API',
    share: 0.1,
    lanes: 32,
    lane: () => new HttpLane(run.gateway.port, restInput),
  },
  {
    name: 'requests for event streams',
    share: 0.02,
    lanes: 32,
    lane: () => new HttpLane(run.gateway.port, sseInput),
  },
];
const SURFACES = chosen(ALL);

it('a first part of all inputs', () => run.warmUp(SURFACES), TIMEOUT_MS);

it.each(SURFACES)('$name', (surface) => run.goesOn(surface), TIMEOUT_MS);

it(
  'all inputs were tried, and the gateway keeps nothing of them',
  async () => {
    expect(run.tried).toBeGreaterThanOrEqual(INPUTS);
    await run.expectNothingKept();
  },
  TIMEOUT_MS,
);
