import { isCall, outgoingCall } from './adapter-calls.js';

const opts = { rooms: ['general'], except: [] };
const disconnect = { uid: 'abcdef', type: 4, opts, close: true };
const fetchSockets = { uid: 'abcdef', requestId: 'fedcba', type: 5, opts };
const answer = { requestId: 'fedcba', sockets: [{ id: 'x', rooms: ['x'], handshake: {}, data: {} }] };

describe('a call that crosses replicas', () => {
  it.each([
    ['disconnecting sockets', 'request', disconnect],
    ['asking where sockets are', 'request', fetchSockets],
    ['the answer', 'response', answer],
    ['an empty answer', 'response', { ...answer, sockets: [] }],
  ] as const)('%s', (_, kind, call) => {
    expect(isCall(kind, JSON.stringify(call))).toBe(true);
    expect(outgoingCall(kind, JSON.stringify(call))).toBe(JSON.stringify(call));
  });

  it.each([0, 1, 2, 3, 6, 7, 8, 9, 10, -1, '4', null])('is not one of type %p', (type) => {
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
    ['has rooms that are no list', JSON.stringify({ ...disconnect, opts: { ...opts, rooms: 'general' } })],
    ['has a room that is no text', JSON.stringify({ ...fetchSockets, opts: { ...opts, except: [7] } })],
    ['has a room with an endless name', JSON.stringify({ ...disconnect, uid: 'x'.repeat(257) })],
    ['has a field too many', JSON.stringify({ ...disconnect, requestId: 'fedcba' })],
    ['has an inherited name for a field', '{"uid":"a","type":4,"close":true,"__proto__":{"opts":{}}}'],
    ['lacks the id of its answer', JSON.stringify({ ...fetchSockets, requestId: undefined })],
    ['closes by something else than true or false', JSON.stringify({ ...disconnect, close: 1 })],
  ])('is not one that %s', (_, text) => expect(isCall('request', text)).toBe(false));

  it.each([
    ['sockets that are none', { ...answer, sockets: [null] }],
    ['a handshake', { ...answer, sockets: [{ ...answer.sockets[0], handshake: { auth: 'x' } }] }],
    ['rooms in place of sockets', { requestId: 'fedcba', rooms: ['general'] }],
  ])('is not an answer with %s', (_, call) => expect(isCall('response', JSON.stringify(call))).toBe(false));

  it('nests as deep as it likes without harm', () => {
    const deep = `{"uid":"a","type":4,"close":true,"opts":{"rooms":${'['.repeat(50_000)}${']'.repeat(50_000)},"except":[]}}`;
    expect(isCall('request', deep)).toBe(false);
  });
});

describe('what is sent', () => {
  it('has no handshake and no data: there are tokens and addresses in them', () => {
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
    ['another answer', 'response', JSON.stringify({ requestId: 'fedcba', rooms: [] })],
    ['nothing', 'request', undefined],
  ] as const)('is not %s', (_, kind, message) => {
    expect(() => outgoingCall(kind, message)).toThrow(/does not cross replicas/);
  });
});
