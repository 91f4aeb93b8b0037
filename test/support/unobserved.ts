import type { FanoutObserver } from '../../src/fanout/fanout-observer.js';

/** An observer of the fan-out engine that ignores everything. */
export const UNOBSERVED: FanoutObserver = {
  flushed: () => undefined,
  written: () => undefined,
  conflated: () => undefined,
  lagging: () => undefined,
  closed: () => undefined,
  degraded: () => undefined,
};
