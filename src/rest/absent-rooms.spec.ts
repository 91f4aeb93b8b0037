import { ManualClock } from '../../test/support/manual-clock.js';
import { AbsentRooms } from './absent-rooms.js';

it('remembers a room for its time, from the last look-up on', () => {
  const clock = new ManualClock();
  const rooms = new AbsentRooms({ clock, forMs: 1_000, maxRooms: 10 });
  expect(rooms.has('product:X')).toBe(false);
  rooms.add('product:X');
  clock.advance(999);
  expect(rooms.has('product:X')).toBe(true);
  rooms.add('product:X');
  clock.advance(999);
  expect(rooms.has('product:X')).toBe(true);
  clock.advance(1);
  expect(rooms.has('product:X')).toBe(false);
});

it('forgets the room that was added first when there are too many', () => {
  const rooms = new AbsentRooms({ clock: new ManualClock(), forMs: 1_000, maxRooms: 2 });
  for (const room of ['a', 'b', 'a', 'c']) rooms.add(room);
  expect(['a', 'b', 'c'].map((room) => rooms.has(room))).toEqual([true, false, true]);
});
