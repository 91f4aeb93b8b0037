import { adminStats, replicaStats } from '../testing/sample-stats.js';
import { pointOf, Recent } from './recent.js';

it('keeps ten minutes', () => {
  const recent = new Recent();
  for (let at = 1; at <= 700; at++) recent.add(at, { x: at });
  expect([recent.time.length, recent.time[0], recent.series('x')[0]]).toEqual([600, 101, 101]);
});

it('has a gap where nothing came, and ignores a point that is not newer', () => {
  const recent = new Recent();
  for (const at of [1, 2, 2, 10]) recent.add(at, { x: at });
  expect(recent.time).toEqual([1, 2, 3, 10]);
  expect(recent.series('x')).toEqual([1, 2, null, 10]);
});

it('fills what a replica did not report, and forgets a replica that has gone', () => {
  const recent = new Recent();
  recent.add(1, { 'cpu:a': 1 });
  recent.add(2, { 'cpu:a': 2, 'cpu:b': 5 });
  recent.add(3, { 'cpu:b': 6 });
  expect(recent.names('cpu:')).toEqual(['a', 'b']);
  expect(recent.series('cpu:a')).toEqual([1, 2, null]);
  expect(recent.series('cpu:b')).toEqual([null, 5, 6]);
  expect(recent.series('unknown')).toEqual([null, null, null]);
  recent.add(603, { 'cpu:b': 7 });
  expect(recent.names('cpu:')).toEqual(['b']);
});

it('takes the values of each replica, and leaves out what was not measured', () => {
  const point = pointOf(adminStats([replicaStats('a', { clients: 3 })]), 4);
  expect(point).toMatchObject({ clients: 100, refusals: 4, 'clients:a': 3, 'cpu:a': 20, 'loop:a': 10 });
  expect(point.end_to_end_p99).toBeUndefined();
});
