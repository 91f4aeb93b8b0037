import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { cleanUp } from '../../test/support/cleanup.js';
import { RawHttp } from '../../test/support/raw-http.js';
import { waitFor } from '../../test/support/wait.js';
import { createHttpServer } from './http-server.js';

const TIMES = { longestPollMs: 1_000, keepAliveMs: 1_000 };
const GET = 'GET /stream HTTP/1.1\r\nHost: x\r\n\r\n';

async function start(
  isHandedOver?: (request: IncomingMessage) => boolean,
  inTurn: (path: string | undefined, answer: () => void) => void = (_, answer) => answer(),
) {
  const server = createHttpServer(
    ({ url }, response) => inTurn(url, () => response.end(`answered ${url}`)),
    TIMES,
    isHandedOver,
  );
  const taken: { method: string | undefined; head: string }[] = [];
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    taken.push({ method: request.method, head: head.toString() });
    socket.on('data', (data: Buffer) => socket.write(`echo ${String(data)}`));
    socket.write('taken');
  });
  server.listen(0, '127.0.0.1');
  cleanUp(() => void server.close().closeAllConnections());
  await once(server, 'listening');
  return { taken, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const isStream = ({ method, url }: IncomingMessage): boolean => method === 'GET' && url === '/stream';

it('hands a request over with its connection, which is then no longer parsed', async () => {
  const { url, taken } = await start(isStream);
  const raw = await RawHttp.connect(url);
  raw.tcp.write(`${GET}more`);
  await waitFor(() => raw.answer === 'taken');
  expect(taken).toEqual([{ method: 'GET', head: 'more' }]);
  raw.tcp.write(GET);
  await waitFor(() => raw.answer === `takenecho ${GET}`);
});

it('hands it over on a connection that had other requests, and whatever upgrade it offers', async () => {
  const { url, taken } = await start(isStream);
  const raw = await RawHttp.connect(url);
  raw.tcp.write(GET.replace('/stream', '/'));
  await waitFor(() => raw.answer.includes('answered'));
  raw.tcp.write(GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'));
  await waitFor(() => raw.answer.endsWith('taken'));
  expect(taken).toEqual([{ method: 'GET', head: '' }]);
});

it.each([
  ['a request that it would hand over', GET],
  ['an upgrade', GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')],
])('answers %s in its turn if an earlier request has no answer yet', async (_, request) => {
  const answers: (() => void)[] = [];
  const { url, taken } = await start(isStream, (path, answer) => {
    if (path === '/slow') answers.push(answer);
    else answer();
  });
  const raw = await RawHttp.connect(url);
  raw.tcp.write(GET.replace('/stream', '/slow') + request);
  await waitFor(() => answers.length === 1);
  answers[0]!();
  await waitFor(() => raw.answer.split('answered').length === 3);
  expect(raw.answer.match(/answered \/[a-z]+/g)).toEqual(['answered /slow', 'answered /stream']);
  expect(taken).toEqual([]);
});

it.each([
  ['of another method', isStream, GET.replace('GET', 'POST')],
  ['to another path', isStream, GET.replace('/stream', '/')],
  ['if it hands none over', undefined, GET],
])('answers a request %s', async (_, isHandedOver, request) => {
  const { url, taken } = await start(isHandedOver);
  const answer = await RawHttp.exchange(url, request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(taken).toEqual([]);
});
