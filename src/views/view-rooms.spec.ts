import { EventEmitter } from 'node:events';
import { ViewRooms } from './view-rooms.js';

it('knows which views of a room have members', () => {
  const adapter = new EventEmitter();
  const rooms = new ViewRooms(adapter);
  const created = ['chain:A@quote.10.2hz', 'chain:A@ltp', 'chain:A', 'general@1hz', 'general', 'an id'];
  for (const room of created) adapter.emit('create-room', room);
  expect(rooms.size).toBe(3);
  expect([...(rooms.of('chain:A') ?? [])]).toEqual([
    ['chain:A@quote.10.2hz', { mode: 'quote', strikes: 10, max_rate: 2 }],
    ['chain:A@ltp', { mode: 'ltp' }],
  ]);
  expect(rooms.withViews(['general', 'product:A'])).toEqual(['general', 'general@1hz', 'product:A']);
  for (const room of created) adapter.emit('delete-room', room);
  expect(rooms.size).toBe(0);
  expect(rooms.of('chain:A')).toBeUndefined();
});

it('ignores rooms that are no views of this contract', () => {
  const adapter = new EventEmitter();
  const rooms = new ViewRooms(adapter);
  for (const room of ['chain:A@', 'chain:A@x', 'product:A@quote', 'chain:A@2hz', '@', 'x@1hz']) {
    adapter.emit('create-room', room);
    adapter.emit('delete-room', room);
  }
  expect(rooms.size).toBe(0);
});
