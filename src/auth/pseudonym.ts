import { createHmac } from 'node:crypto';

/** What a user is called in logs: the same for the same user, and nothing by which to find out who it is. */
export function pseudonym(secretKey: string, userId: string): string {
  return createHmac('sha256', secretKey).update(`user:${userId}`).digest('hex').slice(0, 16);
}
