import { SocketClient } from '../../clients/typescript/src/client.js';
import { type Clock, systemClock } from '../../clients/typescript/src/clock.js';
import { foundation } from '../../clients/typescript/src/options.js';
import { cleanUp } from '../support/cleanup.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { underlying } from '../support/messages.js';
import { UNDERLYING } from '../support/platform.js';
import { RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait.js';

const LONG_MS = 20_000;
const SYMBOLS = Array.from({ length: 300 }, (_, n) => `NEW${n}`);

/** Real time, but a long wait is shortened to a fifth of a second. */
function hastyClock(): Clock {
  let skipped = 0;
  return {
    now: () => systemClock.now() + skipped,
    after: (ms, task) => {
      if (ms < LONG_MS) return systemClock.after(ms, task);
      return systemClock.after(200, () => {
        skipped += ms;
        task();
      });
    },
  };
}

it('300 subscriptions on a gateway that knows no product are all live after their first prices', async () => {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  await gateway.ready();
  const client = new SocketClient(gateway.url, { general: false }, { ...foundation, clock: hastyClock() });
  cleanUp(() => client.close());
  const handles = SYMBOLS.map((symbol) => client.subscribe({ type: 'product', symbol }));
  const refusals: string[][] = [];
  client.on('error', ({ code, rooms = [] }) => refusals.push([code, ...rooms]));
  const late = SYMBOLS.slice(250).map((name) => `product:${name}`);

  // The requests are rejected and retried until the products are known.
  await waitFor(() => refusals.length >= 3);
  for (const refusal of refusals) expect(refusal).toEqual(['TOO_MANY_SUBSCRIPTIONS', ...late]);
  expect(await client.subscriptions()).toHaveLength(SYMBOLS.length - late.length);
  expect(handles.filter(({ closed, stale }) => closed || !stale)).toEqual([]);

  for (const symbol of SYMBOLS) await redis.client.publish(UNDERLYING, JSON.stringify(underlying(symbol, 1)));
  await Promise.all(handles.map(({ ready }) => ready));
  await waitFor(() => handles.every(({ latest, stale }) => latest?.price === 1 && !stale));
  expect(await client.subscriptions()).toHaveLength(SYMBOLS.length);
  client.close();
  await gateway.stop();
  await redis.stop();
});
