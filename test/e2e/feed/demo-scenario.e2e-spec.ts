import { join } from 'node:path';
import { cleanUp } from '../../support/cleanup.js';
import { Command } from '../../support/command.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const DEMO = join(__dirname, '../../../dist/tools/demo.js');
const SCENARIO = '/demo/scenario';
const SCENARIOS = ['normal', 'trend', 'fast', 'halt'];

/** The demo on an in-process broker, and the URL of its page. */
async function demo(...flags: readonly string[]): Promise<{ program: Command; url: string }> {
  const program = Command.spawn(process.execPath, [DEMO, ...flags], {
    env: { PATH: '/nonexistent', PORT: '0', STALE_AFTER_MS: '2000' },
  });
  cleanUp(() => program.end('SIGTERM'));
  await program.until(() => program.output.includes('Open http'));
  return { program, url: /Open (\S+)\//.exec(program.output)![1]! };
}

const choose = (url: string, scenario: string) =>
  fetch(url + SCENARIO, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ scenario }),
  });

it('the demo plays the scenario that its page chooses: a halted product becomes stale, and live again', async () => {
  const { program, url } = await demo('--rate', '10', '--scenario', 'trend', '--seed', '7');
  expect(program.output).toContain('scenario trend, seed 7.');
  const response = await fetch(url + SCENARIO);
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
  expect(await response.json()).toEqual({ scenario: 'trend', scenarios: SCENARIOS });

  const client = await TestClient.connect(url);
  cleanUp(() => client.close());
  expect((await choose(url, 'halt')).status).toBe(200);
  const statuses = () => client.all('feed_status').map(({ product, status }) => `${product} ${status}`);
  await waitFor(() => statuses().some((status) => status.endsWith(' stale')), 'no product became stale');
  const [halted] = statuses()[0]!.split(' ');
  const others = () => client.all('underlying_update').filter(({ product }) => product !== halted).length;
  const before = others();
  await waitFor(() => others() > before + 70, 'the other products do not go on');
  expect(statuses()).toEqual([`${halted} stale`]);

  expect((await choose(url, 'nonsense')).status).toBe(400);
  expect(await (await choose(url, 'fast')).json()).toEqual({ scenario: 'fast', scenarios: SCENARIOS });
  await waitFor(() => statuses().length === 2, 'the halt does not end');
  expect(statuses()).toEqual([`${halted} stale`, `${halted} live`]);
});

it('the gateway itself has no such address', async () => {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  expect((await gateway.get(SCENARIO)).status).toBe(404);
  expect((await choose(gateway.url, 'fast')).status).toBe(404);
  expect(await gateway.stop()).toBe(0);
  await redis.stop();
});
