import type { Bar } from '@deltastream/socket-client';
import { timeOf } from '../format.js';

/** Times in seconds since the epoch, then open, high, low and close. */
export type CandleData = [number[], number[], number[], number[], number[]];

/** The newest bars, in columns. @param most the most bars */
export function candleData(bars: readonly Bar[], most: number): CandleData {
  const data: CandleData = [[], [], [], [], []];
  for (const { timestamp, open, high, low, close } of most > 0 ? bars.slice(-most) : []) {
    data[0].push(timeOf(timestamp) / 1_000);
    data[1].push(open);
    data[2].push(high);
    data[3].push(low);
    data[4].push(close);
  }
  return data;
}

/** Where a candle is on a canvas, in its pixels. */
export interface CandleBox {
  readonly isRise: boolean;
  readonly x: number;
  readonly width: number;
  readonly top: number;
  readonly height: number;
  readonly high: number;
  readonly low: number;
}

/**
 * @param xOf the middle of a time, and `yOf` the height of a price
 * @param pitch the distance between two candles. The body takes 70 % of it
 */
export function candleBox(
  data: CandleData,
  index: number,
  pitch: number,
  xOf: (seconds: number) => number,
  yOf: (price: number) => number,
): CandleBox {
  const [times, opens, highs, lows, closes] = data;
  const open = yOf(opens[index]!);
  const close = yOf(closes[index]!);
  const width = Math.max(1, Math.round(pitch * 0.7));
  return {
    isRise: closes[index]! >= opens[index]!,
    x: Math.round(xOf(times[index]!) - width / 2),
    width,
    top: Math.round(Math.min(open, close)),
    // A bar whose price did not change is a line.
    height: Math.max(1, Math.round(Math.abs(open - close))),
    high: yOf(highs[index]!),
    low: yOf(lows[index]!),
  };
}
