import { rowsOf } from './index.js';

it('reads the rows of a chain in columns', () => {
  const rows = rowsOf({
    strikes: [100, 110],
    calls: { last: [5, 1], iv: [20, null] },
    puts: { last: [null, 6], iv: [null, 22] },
  });
  expect([...rows]).toEqual([
    { strike: 100, call: { last: 5, iv: 20 }, put: { last: null, iv: null } },
    { strike: 110, call: { last: 1, iv: null }, put: { last: 6, iv: 22 } },
  ]);
});

it('makes a row only when it is asked for', () => {
  let read = 0;
  const last = new Proxy([1, 2, 3], {
    get: (list, name) => ((read += 1), Reflect.get(list, name) as number),
  });
  const rows = rowsOf({ strikes: [100, 110, 120], calls: { last }, puts: {} });
  expect(read).toBe(0);
  expect(rows.next().value).toEqual({ strike: 100, call: { last: 1 }, put: {} });
  expect(read).toBe(1);
});
