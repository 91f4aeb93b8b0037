import { centred, revealing, rowsIn } from './row-window.js';

const at = (scrollTop: number, height = 200) => ({ scrollTop, height, rowHeight: 20 });

describe('rowsIn', () => {
  it('has the rows in view and four more at each edge', () => {
    const rows = rowsIn(at(1_000), 500, []);
    expect([rows[0], rows.at(-1), rows.length]).toEqual([46, 63, 18]);
  });

  it('ends with the chain', () => {
    expect(rowsIn(at(0), 3, [])).toEqual([0, 1, 2]);
    expect(rowsIn(at(9_900), 500, []).at(-1)).toBe(499);
    expect(rowsIn(at(0), 0, [0])).toEqual([]);
  });

  it('has pinned rows that are out of view, each once', () => {
    expect(rowsIn(at(0, 20), 500, [250, 2, -1, 500])).toEqual([0, 1, 2, 3, 4, 250]);
  });
});

it('a row is shown in the middle, except near the edges', () => {
  expect(centred(250, at(0), 500)).toBe(250 * 20 + 10 - 100);
  expect(centred(2, at(0), 500)).toBe(0);
  expect(centred(499, at(0), 500)).toBe(500 * 20 - 200);
  expect(centred(1, at(0), 3)).toBe(0);
});

it('a row is revealed with the least movement', () => {
  expect(revealing(50, at(1_000))).toBe(1_000);
  expect(revealing(49, at(1_000))).toBe(980);
  expect(revealing(60, at(1_000))).toBe(1_020);
});
