import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocks, ROOT } from '../../support/code-blocks.js';
import { runProgram, startFeed } from '../../support/docs-run.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const examples = codeBlocks(['docs/plain-websocket.md']).filter(({ language }) => language !== '');
/** Pages have it; Node.js 20 has not. */
const BROWSER = "import { WebSocket } from 'ws';\n";

let redis: RedisServer;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  startFeed(redis.url);
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

it('docs/plain-websocket.md has an example for each kind of client', () => {
  expect(examples.map(({ heading }) => heading)).toEqual(['Node.js', 'Browser', 'Python']);
});

it.each(examples.map((example): [string, typeof example] => [example.heading, example]))(
  'the example for %s prints prices',
  async (heading, { code, language }) => {
    const isPython = language === 'python';
    const folder = await temporaryFolder();
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const file = join(folder, isPython ? 'example.py' : 'example.mjs');
    const own = code.replaceAll('localhost:8002', `127.0.0.1:${gateway.port}`);
    writeFileSync(file, heading === 'Browser' ? BROWSER + own : own);
    const { PYTHONPATH = '' } = process.env;
    await runProgram(isPython ? '/usr/bin/python3' : process.execPath, [file], { PYTHONPATH });
  },
);
