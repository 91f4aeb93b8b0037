import { recordsOf, type SocketClient } from '@deltastream/socket-client';
import { timeOf } from '../format.js';
import type { TrendPoint } from './trend.js';

/** The price that changes are measured against. */
export interface Reference extends TrendPoint {
  /** `history`: the first price of the day that the gateway kept. `seen`: the first that came here. */
  readonly source: 'history' | 'seen';
}

export interface SessionStart {
  readonly reference: Reference | undefined;
  readonly points: readonly TrendPoint[];
}

const DAY_MS = 86_400_000;
/** With fewer bars than these, single prices make a better sparkline. */
const FEW_BARS = 30;
const RAW_ROWS = 300;
const MINUTES_PER_DAY = 1_440;

/** The beginning of the UTC day. The sessions of India and of the United States are within one. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS;
}

/**
 * Reads the session of a product up to now from the history: its first price, and points for its
 * sparkline. Rejects if the gateway keeps no history, or cannot read it.
 * @param at a time of the session, ms since the epoch
 */
export async function readSessionStart(
  client: SocketClient,
  symbol: string,
  at: number,
  signal: AbortSignal,
): Promise<SessionStart> {
  const day = dayOf(at);
  const product = { type: 'product', symbol } as const;
  const from = new Date(day).toISOString();
  const page = await client.history(
    { ...product, from, resolution: '1m', limit: MINUTES_PER_DAY },
    { signal },
  );
  const bars = recordsOf(page) as unknown as { timestamp: string; open: number; close: number }[];
  const points = bars.map(({ timestamp, close }) => ({ at: timeOf(timestamp), price: close }));
  const [first] = bars;
  const opening: Reference | undefined = first && {
    at: timeOf(first.timestamp),
    price: first.open,
    source: 'history',
  };
  if (bars.length >= FEW_BARS) return { reference: opening, points };
  const raw = await client.history({ ...product, limit: RAW_ROWS }, { signal });
  const prices = (recordsOf(raw) as unknown as { timestamp: string; price: number }[])
    .map(({ timestamp, price }) => ({ at: timeOf(timestamp), price }))
    .filter((point) => point.at >= day);
  const [oldest] = prices;
  const before = oldest ? points.filter((point) => point.at < oldest.at - 60_000) : points;
  return {
    reference: opening ?? (oldest && { ...oldest, source: 'history' }),
    points: [...before, ...prices],
  };
}
