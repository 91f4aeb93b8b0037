import { keyedHash } from '../common/keyed-hash.js';

/** The number of hexadecimal digits: enough to tell users apart in a log. */
const LENGTH = 16;

/** Returns the name that logs use for a user. */
export function pseudonym(secretKey: string, userId: string): string {
  return keyedHash(secretKey, `user:${userId}`).slice(0, LENGTH);
}
