import { candleBox, candleData } from './candles.js';

const bar = (minute: number, open: number, high: number, low: number, close: number) => ({
  timestamp: `2026-11-25T06:0${minute}:00.000Z`,
  open,
  high,
  low,
  close,
  count: 1,
});
const bars = [bar(0, 10, 15, 5, 12), bar(1, 12, 13, 8, 9), bar(2, 9, 9, 9, 9)];

it('has the newest bars in columns', () => {
  const start = Date.UTC(2026, 10, 25, 6) / 1_000;
  expect(candleData(bars, 2)).toEqual([
    [start + 60, start + 120],
    [12, 9],
    [13, 9],
    [8, 9],
    [9, 9],
  ]);
  expect(candleData(bars, 100)[0]).toHaveLength(3);
  expect(candleData(bars, 0)[0]).toEqual([]);
});

it('a candle is a body between open and close, and a line between high and low', () => {
  const data = candleData(bars, 3);
  const [start] = data[0];
  const box = (index: number) =>
    candleBox(
      data,
      index,
      20,
      (seconds) => seconds - start!,
      (price) => 100 - price,
    );
  expect(box(0)).toEqual({ isRise: true, x: -7, width: 14, top: 88, height: 2, high: 85, low: 95 });
  expect(box(1)).toMatchObject({ isRise: false, top: 88, height: 3 });
  expect(box(2)).toMatchObject({ isRise: true, top: 91, height: 1 });
});
