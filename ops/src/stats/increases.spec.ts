import { adminStats, NO_COUNTS, replicaStats } from '../testing/sample-stats.js';
import { Increases } from './increases.js';

const counts = (origin: number) => ({ ...NO_COUNTS, handshakes_refused: { origin } });
const report = (origin: number, started_at = 1_000) =>
  replicaStats('a', { counts: counts(origin), started_at });

function rows(increases: Increases, total: number) {
  return increases.table('handshakes_refused', counts(total));
}

it('counts what has increased since the page was opened, and not what was there before', () => {
  const increases = new Increases();
  expect(increases.take(adminStats([report(7)])).handshakes_refused).toBe(0);
  expect(increases.take(adminStats([report(9)])).handshakes_refused).toBe(2);
  expect(rows(increases, 9)).toEqual([{ reason: 'origin', since: 2, total: 9 }]);
});

it('counts all of a replica that has started since then', () => {
  const increases = new Increases();
  increases.take(adminStats([report(7)]));
  increases.take(adminStats([report(3, 2_001)]));
  expect(increases.sum('handshakes_refused')).toBe(3);
});

it('counts nothing of an old replica that is seen for the first time', () => {
  const increases = new Increases();
  increases.take(adminStats([]));
  increases.take(adminStats([report(50)]));
  expect(increases.sum('handshakes_refused')).toBe(0);
});

it('counts what happened while a replica was missing', () => {
  const increases = new Increases();
  increases.take(adminStats([report(7)]));
  increases.take(adminStats([]));
  increases.take(adminStats([report(11)]));
  expect(increases.sum('handshakes_refused')).toBe(4);
});

it('keeps the increase of a reason whose replica has gone', () => {
  const increases = new Increases();
  increases.take(adminStats([report(7)]));
  increases.take(adminStats([report(8)]));
  expect(increases.table('handshakes_refused', NO_COUNTS)).toEqual([
    { reason: 'origin', since: 1, total: 0 },
  ]);
});

it('forgets what is older than a minute in the sum of the last minute', () => {
  const increases = new Increases();
  const at = (server_time: number, origin: number) =>
    increases.take(adminStats([report(origin)], { server_time }));
  at(2_000, 0);
  at(2_001, 5);
  at(2_050, 6);
  expect(increases.lastMinute('handshakes_refused')).toBe(6);
  at(2_062, 6);
  expect(increases.lastMinute('handshakes_refused')).toBe(1);
});
