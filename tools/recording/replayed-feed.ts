import { type Clock, microsecondClock, type Timer } from '../simulator/clock.js';
import type { FeedMessage } from '../simulator/feed-message.js';
import { describeMessage } from '../simulator/latest-entry.js';
import { Schedule } from '../simulator/schedule.js';
import type { RecordedMessage, RecordingSummary } from './recording.js';
import { restamp } from './restamp.js';

export interface ReplayOptions {
  /** 2 replays twice as fast. Default 1. */
  readonly speed?: number;
  /** Starts again at the end, until `signal` aborts. */
  readonly loop?: boolean;
  /** Publishes the recorded times, instead of moving them to the time of the replay. */
  readonly keepTimes?: boolean;
  /** Ends the replay before its next message. */
  readonly signal?: AbortSignal;
  readonly timer?: Timer;
  readonly clock?: Clock;
}

/** The pause between the last message of a round and the start of the next, in recorded seconds. */
const ROUND_GAP_SECONDS = 1;

/**
 * Yields recorded messages at their recorded pace and in order. The time of each is counted from
 * the start of the replay, over all rounds.
 * @param read opens the recording. It is called once for each round.
 */
export async function* replayedFeed(
  read: () => AsyncIterable<RecordedMessage>,
  { count, lastT, start }: RecordingSummary,
  options: ReplayOptions = {},
): AsyncGenerator<FeedMessage> {
  const { speed = 1, loop = false, keepTimes = false, signal, timer, clock = microsecondClock() } = options;
  const schedule = new Schedule(timer);
  const roundMs = ((lastT + ROUND_GAP_SECONDS) * 1000) / speed;
  let startedAt = -Infinity;
  for (let roundAt = 0; ; roundAt += roundMs) {
    // By the wall clock, but never earlier than after the round before, so that the times of a loop
    // do not go back with the clock of this machine.
    startedAt = Math.max(clock() + roundAt - schedule.elapsed(), startedAt + roundMs);
    let left = count;
    for await (const { t, channel, data: recorded } of read()) {
      // Lines that were added since the summary was made are left out.
      if (left-- === 0) break;
      const at = roundAt + (t * 1000) / speed;
      await schedule.until(at, signal);
      if (signal?.aborted) return;
      const data = keepTimes || start === undefined ? recorded : restamp(recorded, startedAt, start, speed);
      yield { at, channel, data, ...describeMessage(channel, data) };
    }
    if (!loop) return;
  }
}
