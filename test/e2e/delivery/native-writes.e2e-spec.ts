import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadNativeBatchWriter } from '../../../src/fanout/native-batch-writer.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { underlying } from '../../support/messages.js';
import { PlainClient } from '../../support/plain-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { SseClient } from '../../support/sse-client.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const CLIENTS = 4;
const UPDATES = 5;

const { problem } = loadNativeBatchWriter();
const suite = problem === undefined ? describe : describe.skip;

suite(`native writes${problem === undefined ? '' : `, skipped because ${problem}`}`, () => {
  it.each([
    ['plain WebSockets', (url: string) => PlainClient.open(`${url}/ws`)],
    ['event streams', (url: string) => SseClient.open(url, 'rooms=general')],
    [
      'event streams with gzip',
      (url: string) => SseClient.open(url, 'rooms=general', { headers: { 'Accept-Encoding': 'gzip' } }),
    ],
    ['Socket.IO', (url: string) => TestClient.connect(url, { transports: ['websocket'] })],
  ])('each update is written to all clients by the addon if they use %s', async (_, connect) => {
    const redis = await RedisServer.start();
    const file = join(await temporaryFolder(), 'writes');
    const gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      NODE_OPTIONS: `--require ${join(__dirname, '../../support/count-batches.cjs')}`,
      BATCHED_WRITES_FILE: file,
    });
    const written = () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0);
    for (let n = 0; n < CLIENTS; n++) {
      const client = await connect(gateway.url);
      await client.next(client instanceof SseClient ? 'subscribed' : 'connected');
    }
    for (let n = 1; n <= UPDATES; n++) {
      const before = written();
      await redis.client.publish('enriched:underlying', JSON.stringify(underlying('NIFTY', n)));
      await waitFor(
        () => written() >= before + CLIENTS,
        () => `${written() - before} writes of update ${n} to ${CLIENTS} clients`,
      );
    }
    await gateway.stop();
  });
});
