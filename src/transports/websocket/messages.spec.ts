import { Decoder } from 'socket.io-parser';
import { connectPacket, eventPacket, messagesOf, parseMessage, unreadable } from './messages.js';

/** Parses a packet as Socket.IO does. */
function decoded(packet: string): { type: number; id?: number; data?: unknown } | undefined {
  let result: { type: number; id?: number; data?: unknown } | undefined;
  const decoder = new Decoder();
  decoder.on('decoded', (one) => (result = one as typeof result));
  decoder.add(packet);
  return result;
}

it.each<[string, number | undefined, unknown[]]>([
  ['{"event":"get_products"}', undefined, ['get_products']],
  ['{"event":"subscribe","data":{"type":"general"},"id":0}', 0, ['subscribe', { type: 'general' }]],
  ['{"event":"x","data":null,"id":9007199254740991}', 9_007_199_254_740_991, ['x', null]],
  ['{"event":"x","id":null}', undefined, ['x']],
  ['{"event":"auth","data":{"token":"t"},"id":1}', 1, ['refresh_token', { token: 't' }]],
  ['{"event":"4\\"₹","data":[1]}', undefined, ['4"₹', [1]]],
])('turns %s into a packet that Socket.IO reads', (text, id, data) => {
  expect(decoded(eventPacket(parseMessage(text)))).toMatchObject({
    type: 2,
    ...(id !== undefined && { id }),
    data,
  });
});

it('turns every message that it cannot read into a packet that Socket.IO reads', () => {
  const events = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];
  const texts = ['', '[]', '7', '{}', '{"event":""}', ...events.map((event) => JSON.stringify({ event }))];
  for (const text of texts) {
    expect(decoded(eventPacket(parseMessage(text)))?.data).toEqual(['', expect.any(String)]);
  }
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect(eventPacket(parseMessage(`{"event":"x","data":${deep},"id":5}`))).toBe('25["","nesting"]');
  expect(eventPacket(unreadable('binary'))).toBe('2["","binary"]');
});

it.each([
  [undefined, {}],
  [null, {}],
  [
    { token: 't', statuses: 'batch' },
    { token: 't', statuses: 'batch' },
  ],
  ['t', { token: 't' }],
  [[], { token: [] }],
  [0, { token: 0 }],
])('enters with %j', (auth, data) => {
  expect(decoded(connectPacket(auth))).toMatchObject({ type: 0, data });
});

it('enters with a token that is none if the fields cannot be written', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  expect(decoded(connectPacket(deep))).toMatchObject({ type: 0, data: { token: [] } });
  expect(decoded(connectPacket({ token: 't', more: deep }))).toMatchObject({ type: 0, data: { token: [] } });
});

it.each([
  ['2["closing",{"code":"DRAINING"}]', ['{"event":"closing","data":{"code":"DRAINING"}}']],
  ['2["x"]', ['{"event":"x","data":null}']],
  ['2["x","],\\"]"]\x1e42["y",[]]', ['{"event":"x","data":"],\\"]"}', '{"event":"y","data":[]}']],
  ['312[{"ok":true}]', ['{"event":"ack","id":12,"data":{"ok":true}}']],
  ['30[]', ['{"event":"ack","id":0,"data":null}']],
  ['4{"message":"m","data":{"code":"C"}}', ['{"event":"connect_error","data":{"code":"C"}}']],
  ['0{"sid":"s"}', []],
  ['1', []],
])('turns the packet %j into messages', (packet, messages) => {
  expect(messagesOf(packet)).toEqual(messages);
});
