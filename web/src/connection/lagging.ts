import type { Lagging } from '@deltastream/socket-client';
import { age, count } from '../format.js';

/** What a page that read too slowly has missed, as the end of a sentence. */
export function laggingText({ since_ms, dropped }: Lagging): string {
  const behind = since_ms < 1_000 ? 'less than 1 s' : age(since_ms);
  const skipped = dropped === 1 ? '1 update was' : `${count(dropped)} updates were`;
  return `${behind} behind, and ${skipped} skipped for newer ones`;
}
