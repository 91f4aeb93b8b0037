import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket as TcpSocket } from 'node:net';
import { FanoutRig } from '../../../test/support/fanout-rig.js';
import { waitFor } from '../../../test/support/wait.js';
import { httpServerOf, tcpSocketOf, webSocketOf } from './engine-io-internals.js';
import { noteResponse, releaseResponse, watchUpgrades } from './upgrade-response.js';

afterEach(() => FanoutRig.stopAll());

/** How often engine.io's response to an upgrade has seen its connection close, and its request. */
async function responseAfterClose(watch: boolean): Promise<{ closes: number; request: unknown }> {
  const rig = await FanoutRig.start();
  if (watch) watchUpgrades(httpServerOf(rig.server));
  if (watch) rig.server.engine.use(noteResponse);
  let closes = 0;
  let kept: { readonly req?: unknown } | undefined;
  rig.server.engine.use((_: IncomingMessage, response: EventEmitter, next: () => void) => {
    kept = response as { readonly req?: unknown };
    response.on('close', () => closes++);
    next();
  });
  const { client, socket } = await rig.connect();
  const tcp = tcpSocketOf(webSocketOf(socket.conn)!)!;
  const before = tcp.listenerCount('close');
  expect(before).toBeGreaterThan(0); // that of ws, at least
  const request = kept?.req;
  client.disconnect();
  await waitFor(() => tcp.closed);
  return { closes, request };
}

it('frees the response of engine.io to an upgrade', async () => {
  expect(await responseAfterClose(true)).toEqual({ closes: 0, request: undefined });
});

it('is kept by engine.io otherwise', async () => {
  const { closes, request } = await responseAfterClose(false);
  expect(closes).toBe(1);
  expect(request).toBeInstanceOf(IncomingMessage);
});

it('keeps every listener if it does not know which one belongs to the response', async () => {
  const rig = await FanoutRig.start();
  const http = httpServerOf(rig.server);
  const socket = new TcpSocket();
  const request = new IncomingMessage(socket);
  watchUpgrades(http);
  http.listeners('upgrade')[0]!.call(http, request, socket, Buffer.alloc(0));
  socket.on('close', () => undefined).on('close', () => undefined);
  noteResponse(request, {}, () => undefined);
  const count = socket.listenerCount('close');
  releaseResponse(request);
  releaseResponse(request); // of a request that is not known any more
  expect(socket.listenerCount('close')).toBe(count);
});
