import { parseTimestamp } from '../../src/contract/timestamp.js';
import { pythonTimestamp } from './python-format.js';

const TIME = /"(timestamp|processed_at)"(\s*):(\s*)"([^"]*)"/g;
const PROCESSED_AT = /"processed_at"\s*:\s*"([^"]*)"/;

/**
 * Replaces every `timestamp` and `processed_at` of a message, in microseconds since the epoch. All
 * other bytes stay as they are, and so does a time that cannot be read.
 */
export function mapTimes(data: string, map: (micros: number) => number): string {
  return data.replace(TIME, (found, field: string, before: string, after: string, text: string) => {
    const micros = parseTimestamp(text);
    return micros === undefined ? found : `"${field}"${before}:${after}"${pythonTimestamp(map(micros))}"`;
  });
}

/** The first `processed_at` of a message, in microseconds since the epoch. */
export function processedAt(data: string): number | undefined {
  return parseTimestamp(PROCESSED_AT.exec(data)?.[1]);
}
