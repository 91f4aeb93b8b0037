import { historyId } from './history-id.js';
import { RecentHistory } from './recent-history.js';

const STREAM = 'history:product:A';
const update = (time: number) => ({
  ...historyId(time, time),
  value: `${time}`,
  receivedAt: time,
});

function filled(...times: number[]) {
  const recent = new RecentHistory();
  for (const time of times) recent.add(STREAM, update(time), 'newest');
  const values = () => recent.of(STREAM)?.all.map(({ value }) => Number(value));
  return { recent, values };
}

it('adds the next update even if the cache has read it, or a newer one, from the store', () => {
  const { recent, values } = filled(10, 20);
  expect(recent.add(STREAM, update(30), 'older')).toBe(true);
  expect(recent.add(STREAM, update(40), 'repeated')).toBe(true);
  expect(values()).toEqual([10, 20, 30, 40]);
});

it('does not add an update that it has, or an older one', () => {
  const { recent, values } = filled(10, 20);
  expect(recent.add(STREAM, update(20), 'repeated')).toBe(false);
  expect(recent.add(STREAM, update(15), 'older')).toBe(false);
  expect(values()).toEqual([10, 20]);
});

it('does not begin with an update that was sent again', () => {
  const { recent, values } = filled();
  // Other updates were published between this one and the next.
  expect(recent.add(STREAM, update(10), 'older')).toBe(false);
  expect(recent.add(STREAM, update(20), 'repeated')).toBe(true);
  expect(values()).toEqual([20]);
});

it('begins again with an update that the cache took for the newest, having evicted a newer one', () => {
  const { recent, values } = filled(10, 20);
  expect(recent.add(STREAM, update(15), 'newest')).toBe(true);
  expect(values()).toEqual([15]);
});

it('begins again after the clock of the producer was set back', () => {
  const { recent, values } = filled(1_000, 2_000);
  expect(recent.add(STREAM, update(10), 'rebased')).toBe(true);
  expect(values()).toEqual([10]);
  expect(recent.waiting).toEqual([STREAM]);
});

it('forgets the stream that was updated least recently once there are very many', () => {
  const { recent } = filled(10);
  for (let n = 0; n < 10_000; n++) recent.add(`history:product:P${n}`, update(1), 'newest');
  expect(recent.of(STREAM)).toBeUndefined();
  expect(recent.waiting).toHaveLength(10_000);
});
