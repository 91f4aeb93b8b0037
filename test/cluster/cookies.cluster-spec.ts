import type { ManagerOptions } from 'socket.io-client';
import { openSocket } from '../support/socket.js';
import { TRANSPORTS } from '../support/test-client.js';
import { waitFor } from '../support/wait.js';
import { ClusterRun } from './support/cluster-run.js';
import { STAND_INS } from './support/presets.js';

jest.setTimeout(120_000);

it('behind a cookie, polling in Node works only with withCredentials', async () => {
  const run = await ClusterRun.start(STAND_INS['Traefik, by cookie']!(), 10, 3);
  const connect = (options: Partial<ManagerOptions>) => {
    const socket = openSocket(run.url, { ...TRANSPORTS.polling, ...options });
    let outcome: 'connected' | 'refused' | 'lost' | undefined;
    socket.on('connected', () => (outcome ??= 'connected'));
    socket.on('connect_error', () => (outcome ??= 'refused'));
    // By chance three requests in a row may reach one pod. Then the client has entered the
    // namespace, and the next poll ends its connection before it receives `connected`.
    socket.on('disconnect', () => (outcome ??= 'lost'));
    return { socket, outcome: () => outcome };
  };
  const ten = (options: Partial<ManagerOptions>) => Array.from({ length: 10 }, () => connect(options));
  const keeping = ten({ withCredentials: true });
  const forgetting = ten({});
  await waitFor(
    () => [...keeping, ...forgetting].every(({ outcome }) => outcome()),
    'clients have no answer',
  );
  expect(keeping.map(({ outcome }) => outcome())).toEqual(keeping.map(() => 'connected'));
  expect(forgetting.filter(({ outcome }) => outcome() === 'refused').length).toBeGreaterThan(0);
  for (const { socket } of [...keeping, ...forgetting]) socket.disconnect();
  await run.stop();
});
