import { readFile } from 'node:fs/promises';
import type { Clock, Timer } from '../common/clock.js';
import { messageOf } from '../common/message-of.js';
import type { GatewayConfig } from '../config/gateway-config.js';

/** As often as the files of the certificate are read, ms. */
const CHECK_EVERY_MS = 10_000;

/**
 * The settings that a running gateway applies. A new password of Redis is used by the next
 * connection.
 */
const RELOADED = {
  LOG_LEVEL: 'logLevel',
  ADMIN_TOKEN: 'adminToken',
  JWT_SECRET: 'jwtSecret',
  JWT_PUBLIC_KEY: 'jwtPublicKey',
  REDIS_URL: 'redisUrl',
  REDIS_PASSWORD: 'redisPassword',
  REDIS_SENTINEL_PASSWORD: 'redisSentinelPassword',
  MARKET_HOLIDAYS: 'marketHolidays',
} as const satisfies Record<string, keyof GatewayConfig>;

interface ReloadOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** Paths of the setting files. */
  readonly files: readonly string[];
  /** Reads all settings again; throws if one is wrong. */
  readonly load: () => GatewayConfig;
  readonly apply: (next: GatewayConfig) => void;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/**
 * Has a running gateway use what has changed in the files of its settings: on SIGHUP, and by
 * itself, because in Kubernetes no program sends signals. If a new value is wrong, all old ones
 * stay.
 */
export class SettingsReload {
  private timer: Timer | undefined;
  private stopped = false;
  /** What the files held when they were last applied, or found wrong. */
  private seen: string | undefined;

  constructor(
    private readonly options: ReloadOptions,
    private current: GatewayConfig,
  ) {}

  /** Reads the files every ten seconds, if there are any. */
  start(): void {
    if (this.options.files.length > 0) void this.check();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** Applies what has changed: at the operator's request. */
  reload(): void {
    this.read(true);
  }

  private read(requested: boolean): void {
    const { log, load, apply } = this.options;
    let next: GatewayConfig;
    try {
      next = load();
    } catch (error) {
      log.warn({ problem: messageOf(error) }, 'settings_not_reloaded');
      return;
    }
    const previous = this.current;
    const changed = Object.entries(RELOADED).flatMap(([name, key]) =>
      next[key] === previous[key] ? [] : [name],
    );
    this.current = next;
    if (requested || changed.length > 0) {
      apply(next);
      log.info({ changed }, 'settings_reloaded');
    }
    if (next.secretKey !== previous.secretKey) log.warn({ setting: 'SECRET_KEY' }, 'setting_needs_restart');
  }

  private async check(): Promise<void> {
    const texts = await Promise.all(this.options.files.map((path) => readFile(path, 'utf8').catch(() => '')));
    if (this.stopped) return;
    const seen = JSON.stringify(texts);
    const changed = seen !== this.seen;
    this.seen = seen;
    if (changed) this.read(false);
    this.timer = this.options.clock.after(CHECK_EVERY_MS, () => void this.check());
  }
}
