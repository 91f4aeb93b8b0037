import { mapTimes } from '../simulator/message-times.js';

/**
 * Makes a recording look live: moves every `timestamp` and `processed_at` so that a message's
 * `processed_at` is about the time of its replay. Everything else stays unchanged, including expiry
 * dates.
 *
 * Times are mapped instead of replaced by the current time, so that they keep their order and
 * proportions at any speed. A message is never in the future.
 * @param startedAt when this round of the replay began, ms since the epoch
 * @param recordedStart the clock of the recording at `t` = 0, in microseconds since the epoch
 */
export function restamp(data: string, startedAt: number, recordedStart: number, speed: number): string {
  return mapTimes(data, (recorded) => Math.floor(startedAt * 1000 + (recorded - recordedStart) / speed));
}
