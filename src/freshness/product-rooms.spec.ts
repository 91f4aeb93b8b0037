import { EventEmitter } from 'node:events';
import { ProductRooms } from './product-rooms.js';

it('lists the rooms of a product, including the current rooms of single expiries', () => {
  const adapter = new EventEmitter();
  const rooms = new ProductRooms(adapter);
  const NIFTY = ['product:NIFTY', 'chain:NIFTY'];
  for (const room of [
    'chain:NIFTY:2026-11-26',
    'chain:NIFTY:2026-12-03',
    'chain:A:2026-11-26',
    'chain:NIFTY',
    'x',
  ])
    adapter.emit('create-room', room);
  expect(rooms.of('NIFTY', true)).toEqual([
    'general',
    ...NIFTY,
    'chain:NIFTY:2026-11-26',
    'chain:NIFTY:2026-12-03',
  ]);
  adapter.emit('delete-room', 'chain:NIFTY:2026-11-26');
  adapter.emit('delete-room', 'chain:NIFTY');
  adapter.emit('delete-room', 'chain:GONE:2026-11-26');
  expect(rooms.of('NIFTY', false)).toEqual([...NIFTY, 'chain:NIFTY:2026-12-03']);
  adapter.emit('delete-room', 'chain:NIFTY:2026-12-03');
  expect(rooms.of('NIFTY', false)).toEqual(NIFTY);
});
