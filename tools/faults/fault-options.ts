import { number, optional, secondsPair } from '../simulator/arguments.js';
import type { Stage } from '../simulator/feed-message.js';
import { Random } from '../simulator/random.js';
import { closedMarket, type MarketPhases } from './closed-market.js';
import { gaps, type GapTimes } from './gaps.js';
import { redeliver } from './redeliver.js';
import { reorder } from './reorder.js';
import { setBackClock, type SetBack } from './set-back-clock.js';

/** The faults of a feed. They can be combined. */
export interface FaultOptions {
  readonly closed?: MarketPhases;
  readonly gaps?: GapTimes;
  readonly setBack?: SetBack;
  /** The share of the messages that the next one overtakes, 0 to 1. */
  readonly reorder?: number;
  /** The share of the messages that are delivered twice, 0 to 1. */
  readonly redeliver?: number;
}

export const FAULT_USAGE = `Faults, which can be combined, and which --seed repeats
  --closed OPEN:CLOSED  the market is open for OPEN seconds, then closed for CLOSED, in turn
  --gaps EVERY:FOR      each product pauses about every EVERY seconds for about FOR
  --set-back AFTER:BY   after AFTER seconds, the producer's clock is set back by BY
  --reorder SHARE       the next message of its product overtakes this share (0 to 1) of the messages
  --redeliver SHARE     this share of the messages is published twice
`;

export const FAULT_ARGUMENTS = {
  closed: { type: 'string' },
  gaps: { type: 'string' },
  'set-back': { type: 'string' },
  reorder: { type: 'string' },
  redeliver: { type: 'string' },
} as const;

type FaultValues = { readonly [Name in keyof typeof FAULT_ARGUMENTS]?: string | undefined };

/** @throws UsageError */
export function parseFaults(values: FaultValues): FaultOptions {
  const share = (name: 'reorder' | 'redeliver') => optional(values[name], (text) => number(name, text, 0, 1));
  const pair = <T>(name: 'closed' | 'gaps' | 'set-back', make: (first: number, second: number) => T) =>
    optional(values[name], (text) => make(...secondsPair(name, text)));
  return {
    closed: pair('closed', (openMs, closedMs) => ({ openMs, closedMs })),
    gaps: pair('gaps', (everyMs, forMs) => ({ everyMs, forMs })),
    setBack: pair('set-back', (afterMs, byMs) => ({ afterMs, byMs })),
    reorder: share('reorder'),
    redeliver: share('redeliver'),
  };
}

/** The chosen faults as one stage. The same seed and messages give the same result. */
export function withFaults(options: FaultOptions, seed: number): Stage {
  const random = new Random(seed);
  const stages: Stage[] = [];
  if (options.closed) stages.push(closedMarket(options.closed));
  if (options.gaps) stages.push(gaps(options.gaps, random.fork('gaps')));
  // Before the faults of delivery, because a message keeps its times however it is delivered.
  if (options.setBack) stages.push(setBackClock(options.setBack));
  if (options.reorder !== undefined) stages.push(reorder(options.reorder, random.fork('reorder')));
  if (options.redeliver !== undefined) stages.push(redeliver(options.redeliver, random.fork('redeliver')));
  return (messages) => stages.reduce((input, stage) => stage(input), messages);
}
