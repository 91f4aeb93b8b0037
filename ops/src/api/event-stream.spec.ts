import { EventStreamReader } from './event-stream.js';

it.each([1, 2, 3, 7, 1_000])('reads events from pieces of %p characters', (size) => {
  const text =
    ': hello\n\nevent: admin_stats\ndata: {"a":1}\n\n:\n\ndata:one\r\ndata: two\r\n\r\nevent: x\n\ndata: half';
  const reader = new EventStreamReader();
  const events = [];
  for (let at = 0; at < text.length; at += size) events.push(...reader.read(text.slice(at, at + size)));
  expect(events).toEqual([
    { event: 'admin_stats', data: '{"a":1}' },
    { event: 'message', data: 'one\ntwo' },
  ]);
});
