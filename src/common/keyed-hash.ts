import { createHmac } from 'node:crypto';

/** The number of hexadecimal digits: 128 bits of the hash. */
const NAME_LENGTH = 32;

/**
 * Returns the pseudonym of an address or user, for logs and keys in Redis. It is the same for the
 * same text, and without the secret the text cannot be found from it.
 */
export function keyedHash(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex').slice(0, NAME_LENGTH);
}
