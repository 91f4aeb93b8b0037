import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { backoffMs } from '../common/backoff.js';
import type { Clock, Timer } from '../common/clock.js';
import { messageOf } from '../common/message-of.js';
import { KeysUnavailable } from './token-verifier.js';

interface RemoteKeysOptions {
  readonly url: URL;
  /** The time between two fetches, ms. A token with an unknown key causes an earlier one. */
  readonly refreshMs: number;
  readonly clock: Clock;
  /** Called after each failed fetch. */
  readonly failed: (problem: string) => void;
}

const FETCH_TIMEOUT_MS = 3_000;
/**
 * The shortest time between two fetches caused by tokens with unknown keys, ms: made-up keys must
 * not cause more.
 */
const UNKNOWN_KEY_COOLDOWN_MS = 5_000;
/** The shortest time between a failed fetch and the next one, ms. */
const FAILED_COOLDOWN_MS = 1_000;

/**
 * The keys of a JSON Web Key Set, fetched at start and then periodically. Fetched keys stay valid
 * until a later fetch replaces them, so a failure of the auth service locks no client out.
 */
export class RemoteKeys {
  private readonly keySet: ReturnType<typeof createRemoteJWKSet>;
  private timer: Timer | undefined;
  private attempt = 0;
  private failedAt = -Infinity;
  private failure: string | undefined = 'not fetched yet';
  private stopped = false;
  /** The key set from before the fetches began to fail. */
  private kept: JWTVerifyGetKey | undefined;

  constructor(private readonly options: RemoteKeysOptions) {
    this.keySet = createRemoteJWKSet(options.url, {
      // The keys never expire: `refresh` replaces them.
      cacheMaxAge: Infinity,
      cooldownDuration: UNKNOWN_KEY_COOLDOWN_MS,
      timeoutDuration: FETCH_TIMEOUT_MS,
    });
  }

  /** True if any keys have been fetched. */
  get known(): boolean {
    return this.keySet.jwks() !== undefined;
  }

  /** Why the last fetch failed; undefined if it succeeded. */
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

  /** Finds the key of a token, as the `getKey` parameter of jose. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const failing = this.options.clock.now() - this.failedAt < FAILED_COOLDOWN_MS;
    const jwks = this.keySet.jwks();
    // Otherwise every token with an unknown key would cause a fetch.
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
    // Add jitter, so that replicas that started together do not fetch together.
    const wait = this.attempt > 0 ? backoffMs(this.attempt, 500) : refreshMs * (0.9 + Math.random() / 10);
    this.timer = clock.after(wait, () => void this.refresh());
  }

  private note(error: unknown): void {
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : '';
    this.failure = `${messageOf(error)}${cause}`;
    this.failedAt = this.options.clock.now();
    // Drop the copy: a token with an unknown key may have caused a successful fetch since the last
    // failure.
    this.kept = undefined;
    this.options.failed(this.failure);
  }
}
