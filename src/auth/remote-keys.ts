import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { backoffMs } from '../common/backoff.js';
import type { Clock, Timer } from '../common/clock.js';
import { messageOf } from '../common/message-of.js';
import { KeysUnavailable } from './token-verifier.js';

export interface RemoteKeysOptions {
  readonly url: URL;
  /** Time between two fetches, ms; a key that is not known is asked for earlier. */
  readonly refreshMs: number;
  readonly clock: Clock;
  /** Told of a fetch that failed. */
  readonly failed: (problem: string) => void;
}

const FETCH_TIMEOUT_MS = 3_000;
/** Shortest time between two fetches that tokens with unknown keys can cause: whoever makes them up must not cause more. */
const UNKNOWN_KEY_COOLDOWN_MS = 5_000;
/** Shortest time between two fetches of which the first failed. */
const FAILED_COOLDOWN_MS = 1_000;

/**
 * The keys of a JSON Web Key Set, fetched at start and every now and then. Those that were once fetched are good until a later
 * fetch says otherwise: an auth service that is down keeps nobody out.
 */
export class RemoteKeys {
  private readonly keySet: ReturnType<typeof createRemoteJWKSet>;
  private timer: Timer | undefined;
  private attempt = 0;
  private failedAt = -Infinity;
  private failure: string | undefined = 'not fetched yet';
  private stopped = false;
  /** The set as it was before fetches began to fail. */
  private kept: JWTVerifyGetKey | undefined;

  constructor(private readonly options: RemoteKeysOptions) {
    this.keySet = createRemoteJWKSet(options.url, {
      // Never too old by themselves: `refresh` sees to that.
      cacheMaxAge: Infinity,
      cooldownDuration: UNKNOWN_KEY_COOLDOWN_MS,
      timeoutDuration: FETCH_TIMEOUT_MS,
    });
  }

  /** Whether any were ever fetched. */
  get known(): boolean {
    return this.keySet.jwks() !== undefined;
  }

  /** Why the last fetch failed; undefined where it did not. */
  get problem(): string | undefined {
    return this.failure;
  }

  start(): void {
    void this.refresh();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** Finds the key of a token: jose's `getKey`. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const failing = this.options.clock.now() - this.failedAt < FAILED_COOLDOWN_MS;
    const jwks = this.keySet.jwks();
    // Every token with a key that is not known would cause a fetch.
    if (failing && !jwks) throw new KeysUnavailable();
    try {
      return await (failing && jwks ? (this.kept ??= createLocalJWKSet(jwks)) : this.keySet)(header, token);
    } catch (error) {
      if (failing && error instanceof errors.JWKSNoMatchingKey) throw new KeysUnavailable();
      const ofTheToken =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      if (ofTheToken) throw error;
      this.note(error);
      throw new KeysUnavailable('', { cause: error });
    }
  };

  private async refresh(): Promise<void> {
    try {
      await this.keySet.reload();
      this.attempt = 0;
      this.failure = undefined;
      this.kept = undefined;
    } catch (error) {
      this.attempt++;
      this.note(error);
    }
    if (this.stopped) return;
    const { refreshMs, clock } = this.options;
    // Replicas started together should not ask together.
    const wait = this.attempt > 0 ? backoffMs(this.attempt, 500) : refreshMs * (0.9 + Math.random() / 10);
    this.timer = clock.after(wait, () => void this.refresh());
  }

  private note(error: unknown): void {
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : '';
    this.failure = `${messageOf(error)}${cause}`;
    this.failedAt = this.options.clock.now();
    // A token with a key that was not known may have had others fetched since the last failure.
    this.kept = undefined;
    this.options.failed(this.failure);
  }
}
