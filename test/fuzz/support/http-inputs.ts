import { frame, OPCODE, textFrame } from './frames.js';
import { mutate } from './mutate.js';
import type { PacketGenerator } from './packets.js';
import type { Random } from './random.js';

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PATCH',
  'PRI',
  'get',
  '',
];
const TARGETS = [
  ...['/', '/health', '/health/live', '/health/ready', '/metrics', '/socket.io/', '/socket.io', '/nowhere'],
  ...[
    '/socket.io/?EIO=4&transport=polling',
    '/socket.io/%00?transport=polling',
    '/socket.io/../health',
    '//',
  ],
  ...[
    'http://other.example/health',
    'http://[',
    '*',
    '/%',
    '/%ff%fe',
    '/%E0%A4%A',
    '/../../etc/passwd',
    '/\0',
  ],
  ...['/health?__proto__[x]=1&constructor=1', `/${'a'.repeat(9_000)}`, '/health#x', '?', '\\health', 'é'],
];
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/9.9',
  'http/1.1',
  '',
  'HTTP/1.1 x',
];
const HEADERS = [
  ...[
    'Host: fuzz',
    'Host: a\r\nHost: b',
    'Connection: close',
    'Connection: keep-alive',
    'Connection: Upgrade',
  ],
  ...[
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Content-Length: 5, 5',
  ],
  ...['Content-Length: 0\r\nContent-Length: 5', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
  ...['Transfer-Encoding: xchunked', 'Transfer-Encoding : chunked', 'Transfer-Encoding: chunked, chunked'],
  ...['Content-Length: 5\r\nTransfer-Encoding: chunked', 'Expect: 100-continue', 'Expect: x', 'Upgrade: h2c'],
  ...[
    'Upgrade: websocket',
    'Origin: null',
    'Origin: http://\x01',
    'Authorization: Bearer x',
    'Cookie: __proto__=1',
  ],
  ...[
    'X-Forwarded-For: 1.2.3.4, __proto__',
    'Forwarded: for="[',
    'Content-Type: application/json',
    'no colon',
    ': x',
  ],
  ...[
    ' folded: x',
    'a: b\r\n c',
    'Accept: text/plain',
    'Accept-Encoding: gzip;q=1e999',
    'Range: bytes=0-,-1',
    '\0: \0',
  ],
];
const BODIES = [
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '0\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n',
];
const WHOLE = [
  'GET /health/live HTTP/1.1\r\nHost: fuzz\r\n\r\n',
  'GET /health/live HTTP/1.1\r\nHost: fuzz\r\nAccept: */*\r\nConnection: close\r\n\r\n',
  'POST /health HTTP/1.1\r\nHost: fuzz\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a":"b"}',
  'POST /health HTTP/1.1\r\nHost: fuzz\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'GET /socket.io/?EIO=4&transport=polling&sid=none HTTP/1.1\r\nHost: fuzz\r\n\r\n',
  'OPTIONS /socket.io/ HTTP/1.1\r\nHost: fuzz\r\nOrigin: http://a.example\r\nAccess-Control-Request-Method: POST\r\n\r\n',
];

/** Generates requests that are invalid or should not be sent, for the HTTP port itself. */
export function httpInput(random: Random): Buffer {
  const kind = random.below(10);
  if (kind < 3) return mutate(random, Buffer.from(random.pick(WHOLE)), Buffer.from(random.pick(WHOLE)));
  if (kind === 3) return random.bytes(random.below(400));
  // Pipelined requests, and data after a complete request.
  if (kind === 4)
    return Buffer.from(random.pick(WHOLE).repeat(1 + random.below(8)) + random.pick(WHOLE).slice(0, 30));
  if (kind === 5) return Buffer.from(headerBomb(random));
  const line = `${random.pick(METHODS)} ${random.pick(TARGETS)} ${random.pick(VERSIONS)}`;
  const headers = Array.from({ length: random.below(5) }, () => random.pick(HEADERS));
  const host = random.once(5) ? [] : ['Host: fuzz'];
  const end = random.once(10) ? '\n' : '\r\n';
  return Buffer.from([line, ...host, ...headers, '', random.pick(BODIES)].join(end), 'latin1');
}

/** Headers above and below Node's limit, and without an end. */
function headerBomb(random: Random): string {
  const start = `GET /health/live HTTP/1.1\r\nHost: fuzz\r\n`;
  return random.pick([
    `${start}X: ${'x'.repeat(random.pick([15_000, 17_000, 100_000]))}\r\n\r\n`,
    `${start}${Array.from({ length: random.pick([90, 2_500]) }, (_, n) => `X${n}: y\r\n`).join('')}\r\n`,
    `${start}${'X: y\r\n'.repeat(1_000)}`,
  ]);
}

const KEYS = ['dGhlIHNhbXBsZSBub25jZQ==', 'short', '', 'é'.repeat(12), '=='.repeat(9), 'x'.repeat(5_000)];
const EXTENSIONS = [
  ...[
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits=8',
  ],
  ...[
    'permessage-deflate; server_max_window_bits=99',
    'permessage-deflate; __proto__=1',
    'x-unknown',
    ';;;',
    '"',
  ],
  ...['permessage-deflate; client_no_context_takeover=1', 'permessage-deflate, permessage-deflate', 'a="\\"'],
];
const TRANSPORTS = [
  'websocket',
  'websocket',
  'websocket',
  'polling',
  'webtransport',
  '__proto__',
  'constructor',
  '',
];

/**
 * Generates upgrades that contain an error, complete and incomplete, and data that may follow them
 * at once.
 * @param sids the sessions that other clients have open
 */
export function upgradeInput(random: Random, packets: PacketGenerator, sids: readonly string[]): Buffer {
  const sid = random.pick([
    '',
    '',
    'none',
    '__proto__',
    random.pick(['', ...sids]),
    random.pick(['', ...sids]),
  ]);
  const query = new URLSearchParams({
    EIO: random.pick(['4', '4', '4', '3', '5', 'x']),
    transport: random.pick(TRANSPORTS),
  });
  if (sid !== '') query.set('sid', sid);
  const path = random.once(8) ? random.pick(TARGETS) : `/socket.io/?${query.toString()}`;
  const lines = [
    `${random.once(10) ? random.pick(METHODS) : 'GET'} ${path} HTTP/1.1`,
    'Host: fuzz',
    'Connection: Upgrade',
    `Upgrade: ${random.once(8) ? random.pick(['h2c', 'WebSocket', 'websocket, x', '']) : 'websocket'}`,
    `Sec-WebSocket-Version: ${random.once(6) ? random.pick(['8', '12', '99', 'x', '']) : '13'}`,
    `Sec-WebSocket-Key: ${random.once(5) ? random.pick(KEYS) : KEYS[0]}`,
  ];
  if (random.once(2)) lines.push(`Sec-WebSocket-Extensions: ${random.pick(EXTENSIONS)}`);
  if (random.once(6)) lines.push(`Sec-WebSocket-Protocol: ${random.pick(['a, a', '', 'chat', 'é', ','])}`);
  if (random.once(6)) lines.push(random.pick(HEADERS));
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (random.once(6)) return mutate(random, head, Buffer.from(WHOLE[0]!));
  if (random.once(8)) return head.subarray(0, random.below(head.length));
  // Does not wait for the response: sends probes out of order, and packets before the upgrade is
  // complete.
  const behind = Array.from({ length: random.below(4) }, () =>
    random.pick([
      textFrame(random.pick(['2probe', '5', '2probe', '3probe', '40', '6', '2', '1', '0'])),
      textFrame(`4${packets.next(random).text.slice(0, 2_000)}`),
      frame(random.bytes(20), { opcode: random.pick([OPCODE.binary, OPCODE.ping, OPCODE.close, 3]) }),
      random.bytes(10),
    ]),
  );
  return Buffer.concat([head, ...behind]);
}
