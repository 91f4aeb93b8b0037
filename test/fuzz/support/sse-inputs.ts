import { hs256 } from '../../support/tokens.js';
import { mutate } from './mutate.js';
import type { Random } from './random.js';

const METHODS = ['GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PROPFIND', 'get'];
const PATHS = ['/sse', '/sse', '/sse', '/sse/', '/sse/x', '/sses', '//sse', '/SSE', '/sse%3Frooms=general'];
const ROOMS = [
  ...['product:NIFTY', 'product:AAPL', 'chain:NIFTY', 'chain:NIFTY:2026-12-03', 'general', 'heartbeat'],
  ...['product:NIFTY@1hz', 'chain:NIFTY@quote.10.2hz', 'general@0.2hz', 'chain:NIFTY@', 'product:A@ltp@1hz'],
  ...['product:M%26M', 'product:M&M', 'product:', 'product', 'chain:NIFTY:2026-02-30', 'chain:NIFTY:x:y'],
  ...['__proto__', 'constructor:x', 'product:__proto__', '*', '', '%00', '%ff', '%E0%A4%A', '%0d%0aX:%20y'],
  ...[`product:${'x'.repeat(33)}`, 'x'.repeat(9_000), 'heartbeat:1', 'PRODUCT:NIFTY', ' product:NIFTY'],
];
const PARAMETERS = [
  ...['statuses=batch', 'statuses=x', 'general=on', 'token=x', 'sid=x', 'EIO=3', 'transport=polling'],
  ...['lastEventId=1795916846725639', 'lastEventId=-1', 'lastEventId=9e99', 'lastEventId=', 'rooms[]=x'],
  ...['rooms=general', '__proto__[x]=1', '&&&', '=', '%', '?', '#x'],
];
const IDS = [
  '1795916846725639',
  '0',
  '9999999999999999',
  '-1',
  '1e9',
  'x',
  '',
  '1, 2',
  '\xff',
  '1'.repeat(9_000),
];
const HEADERS = [
  ...IDS.map((id) => `Last-Event-ID: ${id}`),
  ...['Accept: text/event-stream', 'Accept: image/png', 'Accept-Encoding: gzip', 'Accept-Encoding: gzip;q=0'],
  ...[`Accept-Encoding: ${'gzip;q=0,'.repeat(1_000)}`, 'Content-Length: 5', 'Transfer-Encoding: chunked'],
  ...['Authorization: Bearer', 'Authorization: Bearer x.y.z', `Authorization: Bearer ${hs256()}`],
  ...['Origin: null', 'Origin: https://a.example', 'Origin: \x7f', 'Cookie: a=b', 'Expect: 100-continue'],
  ...['Connection: Upgrade\r\nUpgrade: websocket', 'Upgrade: h2c', 'Connection: keep-alive', 'Host: other'],
];

/** Generates requests for event streams, most of which contain an error. */
export function sseInput(random: Random): Buffer {
  const rooms = Array.from({ length: random.pick([0, 1, 1, 2, 3, 200]) }, () => random.pick(ROOMS));
  const list = `rooms=${rooms.join(random.pick([',', ',', ',,', '&rooms=', ';']))}`;
  const parameters = Array.from({ length: random.below(3) }, () => random.pick(PARAMETERS));
  const target = `${random.pick(PATHS)}?${[list, ...parameters].join('&')}`;
  const headers = Array.from({ length: random.below(4) }, () => random.pick(HEADERS));
  const version = random.pick(['1.1', '1.1', '1.1', '1.0', '2.0']);
  const lines = [`${random.pick(METHODS)} ${target} HTTP/${version}`, 'Host: fuzz', ...headers, '', ''];
  const request = Buffer.from(lines.join('\r\n'), 'latin1');
  // Another request behind an open stream, and one before it.
  if (random.once(10)) return Buffer.concat([request, request]);
  if (random.once(10))
    return Buffer.concat([Buffer.from('GET /v1/products HTTP/1.1\r\nHost: x\r\n\r\n'), request]);
  return random.once(6)
    ? mutate(random, request, Buffer.from('GET /sse?rooms=general HTTP/1.1\r\n'))
    : request;
}
