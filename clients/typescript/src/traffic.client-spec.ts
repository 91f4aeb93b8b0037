import { EventEmitter } from 'node:events';
import { FakeGateway, settle } from '../../../test/clients/support/fake-gateway.js';
import type { RawSocket } from './options.js';
import { reportBytes } from './traffic.js';

function socketWith(engine: EventEmitter): RawSocket {
  const nothing = (): void => undefined;
  return { on: nothing, onAny: nothing, emit: nothing, disconnect: nothing, io: { engine } };
}

it.each<[string, unknown, number]>([
  ['text', '2["heartbeat",{}]', 18],
  ['text that is not ASCII', '2["₹"]', 9],
  ['binary data', new Uint8Array(10), 11],
  ['a buffer', new ArrayBuffer(4), 5],
  ['a packet without data, such as a ping', undefined, 1],
])('reports the bytes of %s', (_, data, bytes) => {
  const engine = new EventEmitter();
  const reported: number[] = [];
  reportBytes(socketWith(engine), (size) => reported.push(size));
  engine.emit('packet', { type: 'message', data });
  expect(reported).toEqual([bytes]);
});

it('measures how long a question and its answer take, without the time offline', async () => {
  const gateway = new FakeGateway();
  const client = gateway.connect({ heartbeatMs: false });
  const latency = client.latency();
  await gateway.pass(3_000);
  gateway.answers = false;
  gateway.last.connected();
  await settle();
  const question = gateway.last.sent.find(({ event }) => event === 'get_heartbeat')!;
  await gateway.pass(40);
  question.ack({ ok: true, rooms: [], server_time: 0, feed: 'up', market: 'open', queue_ms: 0 });
  expect(await latency).toBe(40);
});
