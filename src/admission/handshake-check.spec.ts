import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { malformedHandshake } from './handshake-check.js';

const UPGRADE = {
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
};
const LIMITS = { maxSubscriptions: 10, maxSymbolsPerRequest: 5, eventBurst: 10 };
const POLLING = { EIO: '4', transport: 'polling' };
const WEBSOCKET = { EIO: '4', transport: 'websocket' };

function codeOf(
  query: Record<string, string>,
  headers: IncomingMessage['headers'],
  { method = 'GET', transports = ['polling', 'websocket'] } = {},
): number | undefined {
  const made = new IncomingMessage(new Socket());
  const request = Object.assign(made, { _query: query, method, headers });
  const answer = malformedHandshake(request, headers.upgrade !== undefined, transports, LIMITS);
  if (!answer) return undefined;
  expect(answer).toMatchObject({ status: 400, headers: { Connection: 'close' } });
  return (JSON.parse(answer.body) as { code: number }).code;
}

describe('a handshake is accepted', () => {
  it.each<[string, Record<string, string>, IncomingMessage['headers']]>([
    ['over polling', POLLING, {}],
    [
      'over polling, with the other parameters that clients send',
      { ...POLLING, t: 'x', sid: '' },
      { origin: 'https://a.example' },
    ],
    ['over WebSocket', WEBSOCKET, UPGRADE],
    ['over WebSocket, with capitals in the Upgrade header', WEBSOCKET, { ...UPGRADE, upgrade: 'WebSocket' }],
    ['over WebSocket of version 8', WEBSOCKET, { ...UPGRADE, 'sec-websocket-version': '8' }],
    [
      'with the extensions and subprotocols that browsers offer',
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

describe('a handshake is rejected', () => {
  it.each<[string, number, Record<string, string>, IncomingMessage['headers']]>([
    ['without a transport', 0, { EIO: '4' }, {}],
    ['with an unknown transport', 0, { EIO: '4', transport: 'flash' }, {}],
    [
      'with a transport that is named like a property of every object',
      0,
      { EIO: '4', transport: 'constructor' },
      {},
    ],
    ['with webtransport', 0, { EIO: '4', transport: 'webtransport' }, {}],
    ['without a protocol version', 5, { transport: 'polling' }, {}],
    ['with protocol version 3', 5, { EIO: '3', transport: 'polling' }, {}],
    ['with protocol version 04', 5, { EIO: '04', transport: 'polling' }, {}],
    ['over WebSocket without an upgrade', 3, WEBSOCKET, {}],
    ['over polling with an upgrade', 3, POLLING, UPGRADE],
    ['with an upgrade to another protocol', 3, WEBSOCKET, { ...UPGRADE, upgrade: 'h2c' }],
    ['without a WebSocket key', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-key': undefined }],
    ['with a WebSocket key that is too short', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-key': 'dGhl' }],
    ['without a WebSocket version', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-version': undefined }],
    ['with an unknown WebSocket version', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-version': '7' }],
    ['with malformed subprotocols', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-protocol': 'a,,b' }],
    ['with a repeated subprotocol', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-protocol': 'a, a' }],
    ['with malformed extensions', 3, WEBSOCKET, { ...UPGRADE, 'sec-websocket-extensions': ';;' }],
    ['with an origin that is not a valid header value', 3, POLLING, { origin: 'a\x01b' }],
  ])('%s', (_, code, query, headers) => {
    expect(codeOf(query, headers)).toBe(code);
  });

  it.each(['POST', 'PUT', 'DELETE', 'HEAD', 'PATCH'])('with method %s', (method) => {
    expect(codeOf(POLLING, {}, { method })).toBe(2);
  });

  it('with a transport that is switched off', () => {
    expect(codeOf(POLLING, {}, { transports: ['websocket'] })).toBe(0);
    expect(codeOf(WEBSOCKET, UPGRADE, { transports: ['polling'] })).toBe(0);
  });
});
