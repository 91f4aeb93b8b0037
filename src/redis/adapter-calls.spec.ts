import { isCall, outgoingCall } from './adapter-calls.js';

const event = { uid: 'abcdef', type: 6, data: ['replicas', { kind: 'hello', from: 'a', body: {} }] };
const opts = { rooms: ['general'], except: [] };
const text = (change: object): string => JSON.stringify({ ...event, ...change });

describe('the call between replicas', () => {
  it('is an event with a message', () => {
    expect(isCall('request', text({}))).toBe(true);
    expect(outgoingCall('request', text({}))).toBe(text({}));
  });

  it.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 10, -1, '6', null])('cannot be of type %p', (type) => {
    expect(isCall('request', text({ type }))).toBe(false);
  });

  it.each([
    ['is not JSON', 'hello'],
    ['is empty', ''],
    ['is null', 'null'],
    ['is a number', '7'],
    ['is a list', JSON.stringify([event])],
    ['has another event', text({ data: ['connection', {}] })],
    ['has no message', text({ data: ['replicas'] })],
    ['has two messages', text({ data: ['replicas', {}, {}] })],
    ['has a message that is a list', text({ data: ['replicas', []] })],
    ['has a message that is null', text({ data: ['replicas', null] })],
    ['has data that is not a list', text({ data: 'replicas' })],
    ['has no name', text({ uid: '' })],
    ['has a name that is too long', text({ uid: 'x'.repeat(257) })],
    ['waits for a response', text({ requestId: 'fedcba' })],
    ['has only an inherited field', '{"uid":"a","type":6,"__proto__":{"data":["replicas",{}]}}'],
    ['disconnects sockets', JSON.stringify({ uid: 'abcdef', type: 4, opts, close: true })],
    ['finds sockets', JSON.stringify({ uid: 'abcdef', requestId: 'fedcba', type: 5, opts })],
    ['moves sockets', JSON.stringify({ uid: 'abcdef', type: 2, opts, rooms: ['x'] })],
  ])('cannot be a request that %s', (_, call) => {
    expect(isCall('request', call)).toBe(false);
    expect(() => outgoingCall('request', call)).toThrow(/does not cross replicas/);
  });

  it('is never a response', () => {
    expect(isCall('response', text({}))).toBe(false);
    expect(isCall('response', JSON.stringify({ requestId: 'fedcba', sockets: [] }))).toBe(false);
  });

  it.each([
    ['a broadcast', Buffer.from('x')],
    ['nothing', undefined],
  ])('cannot be %s', (_, message) => {
    expect(() => outgoingCall('request', message)).toThrow(/does not cross replicas/);
  });

  it('can be nested deeply without harm', () => {
    const deep = `{"uid":"a","type":6,"data":["replicas",${'['.repeat(50_000)}${']'.repeat(50_000)}]}`;
    expect(isCall('request', deep)).toBe(false);
  });
});
