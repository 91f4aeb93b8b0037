import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { malformedHandshake } from './handshake-check.js';

const UPGRADE = {
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
};
const POLLING = { EIO: '4', transport: 'polling' };
const WEBSOCKET = { EIO: '4', transport: 'websocket' };

function codeOf(
  query: Record<string, string>,
  headers: IncomingMessage['headers'],
  { method = 'GET', transports = ['polling', 'websocket'] } = {},
): number | undefined {
  const made = new IncomingMessage(new Socket());
  const request = Object.assign(made, { _query: query, method, headers });
  const answer = malformedHandshake(request, headers.upgrade !== undefined, transports);
  if (!answer) return undefined;
  expect(answer).toMatchObject({ status: 400, headers: { Connection: 'close' } });
  return (JSON.parse(answer.body) as { code: number }).code;
}

describe('a handshake is well-formed', () => {
  it.each<[string, Record<string, string>, IncomingMessage['headers']]>([
    ['by polling', POLLING, {}],
    [
      'by polling, with what else clients send',
      { ...POLLING, t: 'x', sid: '' },
      { origin: 'https://a.example' },
    ],
    ['by WebSocket', WEBSOCKET, UPGRADE],
    ['by WebSocket, in capitals', WEBSOCKET, { ...UPGRADE, upgrade: 'WebSocket' }],
    ['by WebSocket of version 8', WEBSOCKET, { ...UPGRADE, 'sec-websocket-version': '8' }],
    [
      'with what browsers offer',
      WEBSOCKET,
      {
        ...UPGRADE,
        'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
        'sec-websocket-protocol': 'one, two',
      },
    ],
  ])('%s', (_, query, headers) => {
    expect(codeOf(query, headers)).toBeUndefined();
  });
});

describe('a handshake is malformed', () => {
  it.each<[string, number, Record<string, string>, IncomingMessage['headers']]>([
    ['without a transport', 0, { EIO: '4' }, {}],
    ['of an unknown transport', 0, { EIO: '4', transport: 'flash' }, {}],
    ['of a transport that is a property of every object', 0, { EIO: '4', transport: 'constructor' }, {}],
    ['of webtransport', 0, { EIO: '4', transport: 'webtransport' }, {}],
    ['without a protocol', 5, { transport: 'polling' }, {}],
    ['of protocol 3', 5, { EIO: '3', transport: 'polling' }, {}],
    ['of protocol 04', 5, { EIO: '04', transport: 'polling' }, {}],
    ['by WebSocket without an upgrade', 3, WEBSOCKET, {}],
    ['by polling with an upgrade', 3, POLLING, UPGRADE],
    ['with an upgrade to something else', 3, WEBSOCKET, { ...UPGRADE, upgrade: 'h2c' }],
    ['without a key', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-key': undefined }],
    ['with a key that is too short', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-key': 'dGhl' }],
    ['without a version', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-version': undefined }],
    ['of another version', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-version': '7' }],
    ['with subprotocols that are none', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-protocol': 'a,,b' }],
    ['with a subprotocol twice', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-protocol': 'a, a' }],
    ['with extensions that are none', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-extensions': ';;' }],
    ['with an origin that no header may have', 3, POLLING, { origin: 'a\x01b' }],
  ])('%s', (_, code, query, headers) => {
    expect(codeOf(query, headers)).toBe(code);
  });

  it.each(['POST', 'PUT', 'DELETE', 'HEAD', 'PATCH'])('by %s', (method) => {
    expect(codeOf(POLLING, {}, { method })).toBe(2);
  });

  it('of a transport that is switched off', () => {
    expect(codeOf(POLLING, {}, { transports: ['websocket'] })).toBe(0);
    expect(codeOf(WEBSOCKET, UPGRADE, { transports: ['polling'] })).toBe(0);
  });
});
