import { pythonFloat, pythonJsonWriter, pythonTimestamp } from './python-format.js';

describe('pythonFloat', () => {
  it.each([
    [21500, '21500.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [-238.6448, '-238.6448'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-1.25e-7, '-1.25e-07'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.5e300, '1.5e+300'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('writes %p as Python does', (value, expected) => {
    expect(pythonFloat(value)).toBe(expected);
  });
});

describe('pythonJsonWriter', () => {
  const pythonJson = pythonJsonWriter(new Set(['price', 'strikes']));

  it('uses the separators of json.dumps, and writes floats by field', () => {
    const value = {
      price: 185,
      volume: 185,
      strikes: [180, 185.5],
      legs: [],
      inner: { price: null, ok: true },
    };
    expect(pythonJson(value)).toBe(
      '{"price": 185.0, "volume": 185, "strikes": [180.0, 185.5], "legs": [], "inner": {"price": null, "ok": true}}',
    );
  });

  it('writes ASCII only', () => {
    expect(pythonJson({ a: '₹ "q" \\ \n 😀' })).toBe('{"a": "\\u20b9 \\"q\\" \\\\ \\n \\ud83d\\ude00"}');
  });
});

describe('pythonTimestamp', () => {
  it('keeps microseconds and has no zone', () => {
    expect(pythonTimestamp(Date.UTC(2026, 10, 22, 4, 43, 39, 333) * 1000 + 273)).toBe(
      '2026-11-22T04:43:39.333273',
    );
  });

  it('always has six fraction digits, so that strings sort by time', () => {
    expect(pythonTimestamp(Date.UTC(2026, 10, 22) * 1000)).toBe('2026-11-22T00:00:00.000000');
  });
});
