import { parseTimestamp } from '../../src/contract/timestamp.js';
import { pythonTimestamp } from './python-format.js';
import type { RecordedMessage } from './recording.js';

const STAMP = /"(timestamp|processed_at)"(\s*):(\s*)"([^"]*)"/g;
const PROCESSED_AT = /"processed_at"\s*:\s*"([^"]*)"/;

/**
 * Makes a recording look live: moves every `timestamp` and `processed_at` so that a message's
 * `processed_at` is about the time of its replay. Everything else stays unchanged, including expiry
 * dates.
 *
 * Times are mapped instead of replaced by the current time, so that they keep their order and
 * proportions at any speed. A message is never in the future.
 */
export class Restamper {
  /** The recorded clock in microseconds at `t` = 0, or undefined if no message has a time. */
  private readonly recordedStart: number | undefined;

  constructor(
    messages: readonly RecordedMessage[],
    private readonly speed: number,
  ) {
    for (const { t, data } of messages) {
      const processed = parseTimestamp(PROCESSED_AT.exec(data)?.[1]);
      if (processed === undefined) continue;
      const start = processed - t * 1e6;
      this.recordedStart = Math.max(this.recordedStart ?? start, start);
    }
  }

  /** The published `data` in a replay that began at `startedAt` (ms since the epoch). */
  restamp(data: string, startedAt: number): string {
    const { recordedStart, speed } = this;
    if (recordedStart === undefined) return data;
    return data.replace(STAMP, (found, field: string, before: string, after: string, text: string) => {
      const recorded = parseTimestamp(text);
      if (recorded === undefined) return found;
      const moved = Math.floor(startedAt * 1000 + (recorded - recordedStart) / speed);
      return `"${field}"${before}:${after}"${pythonTimestamp(moved)}"`;
    });
  }
}
