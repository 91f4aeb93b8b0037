import { Redis } from 'ioredis';
import type { Peer } from '../peers/peer.js';

/** How many GET and MGET commands the peer's Redis has executed since it started. */
export async function redisReads({ redisUrl }: Peer): Promise<number> {
  if (redisUrl === undefined) return 0;
  const redis = new Redis(redisUrl);
  try {
    const stats = await redis.info('commandstats');
    return [...stats.matchAll(/^cmdstat_m?get:calls=(\d+)/gm)].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
  } finally {
    redis.disconnect();
  }
}
