import { isCall, outgoingCall } from './adapter-calls.js';

const opts = { rooms: ['general'], except: [] };
const disconnect = { uid: 'abcdef', type: 4, opts, close: true };
const fetchSockets = { uid: 'abcdef', requestId: 'fedcba', type: 5, opts };
const answer = { requestId: 'fedcba', sockets: [{ id: 'x', rooms: ['x'], handshake: {}, data: {} }] };

describe('a call between replicas', () => {
  it.each([
    ['a request to disconnect sockets', 'request', disconnect],
    ['a request to find sockets', 'request', fetchSockets],
    ['a response', 'response', answer],
    ['an empty response', 'response', { ...answer, sockets: [] }],
  ] as const)('can be %s', (_, kind, call) => {
    expect(isCall(kind, JSON.stringify(call))).toBe(true);
    expect(outgoingCall(kind, JSON.stringify(call))).toBe(JSON.stringify(call));
  });

  it.each([0, 1, 2, 3, 6, 7, 8, 9, 10, -1, '4', null])('cannot be of type %p', (type) => {
    for (const call of [disconnect, fetchSockets]) {
      expect(isCall('request', JSON.stringify({ ...call, type }))).toBe(false);
    }
  });

  it.each([
    ['is not JSON', 'hello'],
    ['is empty', ''],
    ['is null', 'null'],
    ['is a number', '7'],
    ['is a list', JSON.stringify([disconnect])],
    ['is on the wrong channel', JSON.stringify(answer)],
    ['has no options', JSON.stringify({ ...disconnect, opts: undefined })],
    ['has options of another type', JSON.stringify({ ...disconnect, opts: [] })],
    ['has rooms that are not a list', JSON.stringify({ ...disconnect, opts: { ...opts, rooms: 'general' } })],
    ['has a room that is not a string', JSON.stringify({ ...fetchSockets, opts: { ...opts, except: [7] } })],
    ['has a name that is too long', JSON.stringify({ ...disconnect, uid: 'x'.repeat(257) })],
    ['has an additional field', JSON.stringify({ ...disconnect, requestId: 'fedcba' })],
    ['has only an inherited field', '{"uid":"a","type":4,"close":true,"__proto__":{"opts":{}}}'],
    ['has no id for its response', JSON.stringify({ ...fetchSockets, requestId: undefined })],
    ['has a close flag that is not a boolean', JSON.stringify({ ...disconnect, close: 1 })],
  ])('cannot be a request that %s', (_, text) => expect(isCall('request', text)).toBe(false));

  it.each([
    ['invalid sockets', { ...answer, sockets: [null] }],
    ['a handshake', { ...answer, sockets: [{ ...answer.sockets[0], handshake: { auth: 'x' } }] }],
    ['rooms instead of sockets', { requestId: 'fedcba', rooms: ['general'] }],
  ])('cannot be a response with %s', (_, call) =>
    expect(isCall('response', JSON.stringify(call))).toBe(false),
  );

  it('can be nested deeply without harm', () => {
    const deep = `{"uid":"a","type":4,"close":true,"opts":{"rooms":${'['.repeat(50_000)}${']'.repeat(50_000)},"except":[]}}`;
    expect(isCall('request', deep)).toBe(false);
  });
});

describe('an outgoing call', () => {
  it('contains no handshake and no data, which may hold tokens and addresses', () => {
    const socket = {
      id: 'x',
      handshake: { auth: { token: 'secret' } },
      rooms: ['x'],
      data: { user: 'secret' },
    };
    const sent = outgoingCall('response', JSON.stringify({ requestId: 'fedcba', sockets: [socket] }));
    expect(JSON.parse(sent)).toEqual(answer);
  });

  it.each([
    ['socketsJoin', 'request', JSON.stringify({ ...disconnect, type: 2, close: undefined, rooms: ['x'] })],
    ['serverSideEmit', 'request', JSON.stringify({ uid: 'abcdef', type: 6, data: ['x'] })],
    ['a broadcast', 'request', Buffer.from('x')],
    ['another response', 'response', JSON.stringify({ requestId: 'fedcba', rooms: [] })],
    ['nothing', 'request', undefined],
  ] as const)('cannot be %s', (_, kind, message) => {
    expect(() => outgoingCall(kind, message)).toThrow(/does not cross replicas/);
  });
});
