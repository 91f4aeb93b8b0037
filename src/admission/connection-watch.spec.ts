import { EventEmitter } from 'node:events';
import { ConnectionWatch } from './connection-watch.js';

describe('ConnectionWatch', () => {
  let gone: object[];
  let watch: ConnectionWatch<{ socket: EventEmitter }>;

  beforeEach(() => {
    gone = [];
    watch = new ConnectionWatch((request) => {
      gone.push(request);
      watch.delete(request);
    });
  });

  const listeners = (socket: EventEmitter) => [socket.listenerCount('close'), socket.listenerCount('error')];

  it('adds one listener to a connection, however many requests it has', () => {
    const socket = new EventEmitter();
    const requests = Array.from({ length: 100 }, () => ({ socket }));
    for (const request of requests) watch.add(request);
    expect(listeners(socket)).toEqual([1, 1]);
    for (const request of requests.slice(1)) watch.delete(request);
    expect([watch.has(requests[0]!), watch.has(requests[1]!)]).toEqual([true, false]);
    watch.delete(requests[0]!);
    expect(listeners(socket)).toEqual([0, 0]);
  });

  it.each(['close', 'error'])(
    'reports all requests of the connection on %s, and none of another connection',
    (event) => {
      const [socket, other] = [new EventEmitter(), new EventEmitter()];
      const requests = [{ socket }, { socket }];
      for (const request of [...requests, { socket: other }]) watch.add(request);
      socket.emit(event, new Error('reset'));
      expect(gone).toEqual(requests);
      expect([listeners(socket), listeners(other)]).toEqual([
        [0, 0],
        [1, 1],
      ]);
    },
  );
});
