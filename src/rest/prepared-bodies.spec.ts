import { gunzipSync } from 'node:zlib';
import { PreparedBodies, zippedBody } from './prepared-bodies.js';

it('makes a body once for each tag, and compresses it once', async () => {
  const bodies = new PreparedBodies(1_000);
  const make = jest.fn(() => 'x'.repeat(100));
  const first = bodies.get('a', '1', make);
  expect(bodies.get('a', '1', make)).toBe(first);
  expect(make).toHaveBeenCalledTimes(1);
  expect(await zippedBody(first)).toBe(await zippedBody(first));
  expect(String(gunzipSync(await zippedBody(first)))).toBe('x'.repeat(100));
  expect(bodies.get('a', '2', () => 'y').plain.toString()).toBe('y');
  expect(bodies.bytes).toBe(1);
});

it('drops the bodies that were used first beyond its limit, also one that is too large by itself', () => {
  const bodies = new PreparedBodies(250);
  const make = jest.fn(() => 'x'.repeat(100));
  for (const name of ['a', 'b', 'a', 'c']) bodies.get(name, '1', make);
  expect(bodies.bytes).toBe(200);
  expect(make).toHaveBeenCalledTimes(3);
  bodies.get('a', '1', make);
  expect(make).toHaveBeenCalledTimes(3);
  bodies.get('b', '1', make);
  expect(make).toHaveBeenCalledTimes(4);
  expect(bodies.get('d', '1', () => 'x'.repeat(300)).plain).toHaveLength(300);
  expect(bodies.bytes).toBe(0);
});
