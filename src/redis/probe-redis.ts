import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { maskSecrets } from '../config/mask-secrets.js';
import { describeRedisError } from './redis-client.js';

/** What Redis answered when it was first called. */
export type ProbeResult =
  | { readonly state: 'ready' }
  /** Nobody there, or not yet: worth retrying. */
  | { readonly state: 'unreachable'; readonly problem: string }
  /** It answers and refuses, or is no Redis: retrying cannot help, REDIS_URL is wrong. */
  | { readonly state: 'refused'; readonly problem: string };

/** A full answer is waited for this long; a Redis that is loading or far away is not a wrong one. */
const PROBE_TIMEOUT_MS = 2_000;

const NOT_REDIS = 'what answers there is not Redis';

/** Calls Redis once, as the service will use it. Never rejects. */
export async function probeRedis(url: string): Promise<ProbeResult> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: PROBE_TIMEOUT_MS,
    commandTimeout: PROBE_TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  // A refusal during the handshake is emitted here; the rejected connect() then only says that the connection closed.
  const problems: unknown[] = [];
  redis.on('error', (error: unknown) => problems.push(error));
  try {
    await redis.connect();
    await redis.ping();
    if (problems.length === 0) return { state: 'ready' };
  } catch (error) {
    problems.push(error);
  } finally {
    redis.disconnect();
  }
  let refusal = problems.map(refusalOf).find((text) => text !== undefined);
  if (refusal === undefined && problems.some(isCut) && (await answersOtherwise(url))) refusal = NOT_REDIS;
  return refusal === undefined
    ? { state: 'unreachable', problem: describeRedisError(problems[0]) }
    : { state: 'refused', problem: refusal };
}

function refusalOf(error: unknown): string | undefined {
  const text = describeRedisError(error);
  if (/WRONGPASS|invalid password|without any password configured/i.test(text)) {
    return 'Redis refuses its user or password';
  }
  if (/NOAUTH|Authentication required/i.test(text)) return 'Redis asks for a password and it has none';
  if (/DB index is out of range|invalid DB index/i.test(text)) return 'Redis has no database of that number';
  if (/NOPERM/i.test(text)) return 'Redis does not allow its user to connect';
  if (/Protocol error, got|Unknown RESP type/i.test(text)) return NOT_REDIS;
  return undefined;
}

/** The connection was made, and closed by the other side. */
function isCut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}

/**
 * Whether something answers there in another protocol. A web server closes the connection on the first command, and the ones sent
 * behind it may break it before its answer is read: so one line alone, which every Redis answers.
 */
function answersOtherwise(url: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'redis:') return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(Number(port || 6379), hostname.replace(/^\[|\]$/g, ''));
    const end = (otherwise: boolean): void => {
      socket.destroy();
      resolve(otherwise);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('data', (answer) => end(!/^[+-]/.test(answer.toString('latin1'))));
    socket.write('PING\r\n');
  });
}

/** The sentence with which a start on a wrong REDIS_URL ends. */
export function refusedSentence(url: string, problem: string): string {
  return `REDIS_URL is ${JSON.stringify(maskSecrets(url))}, but ${problem}.`;
}
