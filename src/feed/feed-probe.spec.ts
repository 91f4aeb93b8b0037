import { FeedProbe, type ProbePublisher } from './feed-probe.js';
import { systemClock } from '../common/clock.js';

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
  it('is heard, before or after its publication is confirmed', async () => {
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

  it('is unheard when it was published and does not come', async () => {
    await expect(probe(() => Promise.resolve()).send()).resolves.toBe('unheard');
  });

  it('says nothing of the subscription when it cannot be published', async () => {
    let tries = 0;
    const failing = probe(() => {
      tries++;
      return Promise.reject(new Error('no connection'));
    });
    await expect(failing.send()).resolves.toBe('unknown');
    expect(tries).toBeGreaterThan(1);
  });

  it('says nothing of the subscription when it is published on a replica, which keeps it to itself', async () => {
    await expect(probe(() => Promise.resolve(), false).send()).resolves.toBe('unknown');
  });

  it('waits for a publisher that comes back', async () => {
    let tries = 0;
    const late = probe((hear) => {
      if (++tries === 1) return Promise.reject(new Error('no connection'));
      hear();
      return Promise.resolve();
    });
    await expect(late.send()).resolves.toBe('heard');
  });
});
