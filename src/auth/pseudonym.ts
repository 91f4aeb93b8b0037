import { keyedHash } from '../common/keyed-hash.js';

/** Hexadecimal digits: enough to tell users apart in a log. */
const LENGTH = 16;

/** What a user is called in logs. */
export function pseudonym(secretKey: string, userId: string): string {
  return keyedHash(secretKey, `user:${userId}`).slice(0, LENGTH);
}
