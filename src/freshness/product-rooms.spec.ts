import { EventEmitter } from 'node:events';
import { ViewRooms } from '../views/view-rooms.js';
import { ProductRooms } from './product-rooms.js';

it('lists the rooms of a product, including the current rooms of single expiries', () => {
  const adapter = new EventEmitter();
  const rooms = new ProductRooms(adapter, new ViewRooms(adapter));
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

it('lists the views of the rooms of a product', () => {
  const adapter = new EventEmitter();
  const rooms = new ProductRooms(adapter, new ViewRooms(adapter));
  const views = ['general@1hz', 'product:A@2hz', 'chain:A@ltp', 'chain:A:2026-11-26@quote.5', 'chain:B@ltp'];
  for (const room of views) adapter.emit('create-room', room);
  const [general, product, chains, chain] = views;
  expect(new Set(rooms.of('A', true))).toEqual(
    new Set(['general', general, 'product:A', product, 'chain:A', chains, chain]),
  );
  expect(rooms.ofChain('A', '2026-11-26')).toEqual(['chain:A', chains, 'chain:A:2026-11-26', chain]);
  expect(rooms.ofChain('A', null)).toEqual(['chain:A', chains]);
  expect(rooms.ofName('A', '2026-11-26')).toEqual(['chain:A:2026-11-26', chain]);
});
