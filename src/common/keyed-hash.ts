import { createHmac } from 'node:crypto';

/** Hexadecimal digits of a name: 128 bits of its hash. */
const NAME_LENGTH = 32;

/** What stands for an address or a user where others may read: the same for the same, and nothing by which to find out who it is. */
export function keyedHash(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex').slice(0, NAME_LENGTH);
}
