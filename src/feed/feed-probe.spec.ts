import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '../../test/support/fake-clock.js';
import { systemClock } from '../common/clock.js';
import { FeedProbe, type ProbePublisher } from './feed-probe.js';

const TIMES = { hearMs: 50, sendMs: 50 };

function probe(publish: (hear: () => void) => Promise<unknown>, reachesAll = true): FeedProbe {
  const publisher: ProbePublisher = {
    publish: () => publish(() => made.hear()),
    reachesAll: () => Promise.resolve(reachesAll),
  };
  const made = new FeedProbe('channel', publisher, systemClock, TIMES);
  return made;
}

describe('FeedProbe', () => {
  it('reports `heard` if the probe arrives, before or after its publication is confirmed', async () => {
    await expect(
      probe((hear) => {
        hear();
        return Promise.resolve();
      }).send(),
    ).resolves.toBe('heard');
    await expect(
      probe((hear) => {
        setTimeout(hear, 10);
        return Promise.resolve();
      }).send(),
    ).resolves.toBe('heard');
  });

  it('reports `unheard` if the probe was published but does not arrive', async () => {
    await expect(probe(() => Promise.resolve()).send()).resolves.toBe('unheard');
  });

  it('reports `unknown` if the probe cannot be published', async () => {
    let tries = 0;
    const failing = probe(() => {
      tries++;
      return Promise.reject(new Error('no connection'));
    });
    await expect(failing.send()).resolves.toBe('unknown');
    expect(tries).toBeGreaterThan(1);
  });

  it('reports `unknown` if the probe is published on a replica, which reaches only its own subscribers', async () => {
    await expect(probe(() => Promise.resolve(), false).send()).resolves.toBe('unknown');
  });

  it('retries until the publisher has reconnected', async () => {
    let tries = 0;
    const late = probe((hear) => {
      if (++tries === 1) return Promise.reject(new Error('no connection'));
      hear();
      return Promise.resolve();
    });
    await expect(late.send()).resolves.toBe('heard');
  });

  it('reports `heard` if this process was too busy to read the probe in time', async () => {
    const clock = new FakeClock();
    const publisher = { publish: () => Promise.resolve(), reachesAll: () => Promise.resolve(true) };
    const busy = new FeedProbe('channel', publisher, clock, TIMES);
    const result = busy.send();
    await turn();
    clock.work(10_000);
    clock.advance(0); // its timer runs before the connection is read
    await turn();
    busy.hear();
    clock.turn();
    await expect(result).resolves.toBe('heard');
  });
});
