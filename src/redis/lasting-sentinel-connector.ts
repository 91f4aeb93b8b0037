import { type SentinelConnectionOptions, SentinelConnector } from 'ioredis';

/** ioredis' watch on the sentinels, which ends a connection when they name another master. */
interface FailoverDetector {
  readonly isDisconnected: boolean;
  cleanup(): void;
}

/**
 * Asks the sentinels for the master, and survives a failover at any moment. In ioredis the detector of a lost connection stays until
 * the next connection is made. If a sentinel names the new master meanwhile, while the next attempt still waits for an answer,
 * the detector cancels that attempt, and ioredis ends the client for good: it would never connect again.
 */
export class LastingSentinelConnector extends SentinelConnector {
  /** @param options all that the client was made with */
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
  }

  override connect(
    ...args: Parameters<SentinelConnector['connect']>
  ): ReturnType<SentinelConnector['connect']> {
    const internals = this as unknown as { failoverDetector: FailoverDetector | null };
    const { failoverDetector } = internals;
    internals.failoverDetector = null;
    if (failoverDetector?.isDisconnected === false) failoverDetector.cleanup();
    return super.connect(...args);
  }
}
