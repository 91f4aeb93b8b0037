import { type SentinelConnectionOptions, SentinelConnector } from 'ioredis';

/**
 * The object with which ioredis watches the sentinels. It disconnects when they name another
 * master.
 */
interface FailoverDetector {
  readonly isDisconnected: boolean;
  cleanup(): void;
}

/**
 * Asks the sentinels for the master, and survives a failover at any moment. In ioredis, the
 * failover detector of a lost connection stays active until the next connection is made. If a
 * sentinel names the new master while the next attempt still waits for a reply, the detector
 * cancels that attempt, and ioredis ends the client for good. So this class stops the detector
 * before each attempt.
 */
export class LastingSentinelConnector extends SentinelConnector {
  /** @param options all options of the client */
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
