import { historyId, idBefore } from './history-id.js';
import { RecentUpdates } from './recent-updates.js';

const id = (time: number) => historyId(time, time);
const update = (time: number) => ({ ...id(time), value: `${time}`, receivedAt: time });

function filled(times: readonly number[], max = 1_000): RecentUpdates {
  const recent = new RecentUpdates();
  for (const time of times) recent.add(update(time), max);
  return recent;
}
const values = (updates: readonly { readonly value: string }[] | undefined) =>
  updates?.map(({ value }) => value);

it('returns the updates after one that it has, or that was directly before', () => {
  const recent = filled([10, 20, 30]);
  expect(values(recent.after(id(10)))).toEqual(['20', '30']);
  expect(values(recent.after(id(25)))).toEqual(['30']);
  expect(values(recent.after(id(30)))).toEqual([]);
  expect(recent.after(id(9))).toBeUndefined();
  expect(values(recent.knownAfter(id(9)))).toEqual(['10', '20', '30']);
  expect(new RecentUpdates().after(id(9))).toBeUndefined();
});

it('keeps a bounded number of updates, and knows which one was before them', () => {
  const recent = filled(
    Array.from({ length: 1_000 }, (_, n) => n + 1),
    100,
  );
  expect(recent.all.length).toBeLessThanOrEqual(125);
  const first = Number(recent.all[0]!.value);
  expect(values(recent.after(id(first - 1)))).toHaveLength(recent.all.length);
  expect(recent.after(idBefore(id(first - 1)))).toBeUndefined();
});

it('asks with its newest update first what the store has', () => {
  const recent = filled([10, 20, 30]);
  expect(recent.unwritten('s')).toMatchObject({ entries: [{ value: '30' }], follows: id(20) });
  recent.storeHas(id(10));
  expect(recent.unwritten('s')).toMatchObject({
    entries: [{ value: '20' }, { value: '30' }],
    follows: id(10),
  });
  recent.storeHas(id(30));
  expect(recent.unwritten('s')).toBeUndefined();
  recent.storeHas();
  const { entries, follows } = recent.unwritten('s')!;
  expect([values(entries), follows]).toEqual([['10', '20', '30'], undefined]);
});

it('forgets everything when it is interrupted', () => {
  const recent = filled([10, 20]);
  recent.storeHas(id(20));
  recent.interrupt();
  expect(recent.newest).toBeUndefined();
  recent.add(update(40), 10);
  expect(recent.unwritten('s')).toMatchObject({ entries: [{ value: '40' }], follows: idBefore(id(40)) });
  expect(recent.after(id(20))).toBeUndefined();
});

it('names the last id before a clock was set back, until the new time has passed it', () => {
  const recent = filled([5_000]);
  recent.setBack();
  recent.add(update(10), 10);
  expect(recent.unwritten('s')?.abandoned).toMatchObject(id(5_000));
  recent.add(update(6_000), 10);
  expect(recent.unwritten('s')?.abandoned).toBeUndefined();
});
