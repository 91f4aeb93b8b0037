import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GatewayProcess } from '../support/gateway-process.js';
import { chain, underlying } from '../support/messages.js';
import { startProcess } from '../support/processes.js';
import { RedisServer } from '../support/redis-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { freePort, waitFor } from '../support/wait.js';
import { installWheel, PYTHON } from './support/wheel.js';

const NOTEBOOK = join(__dirname, '../../clients/python/tests/notebook.py');

describe('a notebook with the installed wheel of the Python client', () => {
  let redis: RedisServer;
  let installed: string;
  let gateway: GatewayProcess;
  let env: Record<string, string>;

  /** Publishes again until the gateway has received it: Redis drops a message without subscribers. */
  async function publish(): Promise<void> {
    await gateway.ready();
    for (const [product, n] of [
      ['NIFTY', 1],
      ['AAPL', 2],
    ] as const) {
      await redis.client.publish('enriched:underlying', JSON.stringify(underlying(product, n)));
    }
    await redis.client.publish('enriched:option_chain', JSON.stringify(chain('NIFTY', 3)));
  }

  beforeAll(async () => {
    redis = await RedisServer.start();
    installed = await installWheel();
    env = { REDIS_URL: redis.url, PORT: `${await freePort()}`, PRODUCTS: 'NIFTY,AAPL' };
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    gateway = await GatewayProcess.start(env);
    await publish();
  });
  afterEach(() => gateway.stop());

  /** Runs the cells, and returns what they show. */
  async function run(...args: string[]): Promise<{ shown: string[]; errors: string; exit: number | null }> {
    const folder = await temporaryFolder();
    // Run a copy in another folder, so that Python imports the installed package and not its sources.
    cpSync(NOTEBOOK, join(folder, 'notebook.py'));
    const program = startProcess(PYTHON, ['notebook.py', gateway.url, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, PYTHONPATH: installed, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const shown: string[] = [];
    let errors = '';
    program.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const ended = once(program, 'close');
    const lines = createInterface({ input: program.stdout! });
    lines.on('line', (line) => {
      if (line === '%restart') void gateway.stop().then(() => program.stdin!.write('\n'));
      else if (line === '%resume') void resume().then(() => program.stdin!.write('\n'));
      else shown.push(line);
    });
    async function resume(): Promise<void> {
      gateway = await GatewayProcess.start(env);
      await publish();
    }
    await waitFor(
      () => program.exitCode !== null,
      () => `${shown.join('\n')}\n${errors}`,
      60_000,
    );
    await ended;
    return { shown, errors, exit: program.exitCode };
  }

  const expected = (client: string, subscription: string) => {
    const url = gateway.url.replaceAll('.', '\\.');
    const connected = expect.stringMatching(new RegExp(`^<${client} ${url}, connected`)) as string;
    const subscribed = `<${subscription} product:NIFTY product:AAPL, confirmed>`;
    const frame = `(['AAPL', 'NIFTY'], [2, 1], [21450, 21500, 21500, 21550], False, False)`;
    return [
      connected,
      subscribed,
      frame,
      frame,
      expect.stringMatching(/^\(\('NIFTY', 'AAPL'\), 1, \(21450, 21500, 21550\)\)$/) as string,
      connected,
      subscribed,
      frame,
      `('reconnecting', True, True)`,
      `('connected', ['chain:NIFTY', 'product:AAPL', 'product:NIFTY'])`,
      frame,
      `(<${client} ${gateway.url}, closed>, True)`,
      expect.stringMatching(/^ValueError: .* has no scheme; write 'http:\/\/127/) as string,
      connected,
      `(<${client} ${gateway.url}, closed>, True)`,
      'threads: []',
      `package: ${installed}/deltastream_socket_client/__init__.py`,
    ];
  };

  it('connects, shows a frame, is rerun, survives a restart of the gateway and ends, with threads', async () => {
    const outcome = await run();
    expect(outcome.shown).toEqual(expected('Client', 'Subscription'));
    expect(outcome.exit).toBe(0);
    // A note that the gateway was away, and nothing else: no traceback, no warning of Python.
    expect(outcome.errors.split('\n').filter((line) => line && !line.startsWith('not connected: '))).toEqual(
      [],
    );
  });

  it('does the same with asyncio, on a loop that runs already', async () => {
    const outcome = await run('async');
    expect(outcome.shown).toEqual(expected('AsyncClient', 'AsyncSubscription'));
    expect(outcome.exit).toBe(0);
    expect(outcome.errors.split('\n').filter((line) => line && !line.startsWith('not connected: '))).toEqual(
      [],
    );
  });
});
