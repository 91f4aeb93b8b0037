import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { Browser } from '../support/browser.js';
import { Command } from '../support/command.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { endProcess, startProcess } from '../support/processes.js';
import { Recording } from '../support/recording.js';
import { RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait.js';
import { type Version, VERSIONS } from './support/versions.js';

const ROOT = join(__dirname, '../..');
const FIXTURE = join(ROOT, 'test/fixtures/old-front-end');
const RECORDING = join(ROOT, 'test/fixtures/deltastream-enriched-60s.jsonl.gz');
/** What the tutorial's page loads. */
const CDN = 'https://cdn.socket.io/4.5.4/socket.io.min.js';
/** Loads the library, for scripts that are put into it. */
const PAGE = pathToFileURL(join(FIXTURE, 'page.html')).href;
/** What each program sends and receives. */
const KINDS = ['sent subscribe', 'received connected', 'received underlying_update'];
const PRODUCTS = ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'];

describe('what was written for the Flask gateway runs as it is, on the recorded feed', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
    await gateway.ready();
  });
  afterAll(async () => {
    await gateway.stop();
    await redis.stop();
  });

  /** The platform's minute, in one second. Who comes later gets snapshots. */
  async function replay(speed = 60): Promise<void> {
    await redis.client.flushall();
    const feed = Command.spawn(process.execPath, [
      join(ROOT, 'dist/tools/feed.js'),
      ...['--replay', RECORDING, '--speed', `${speed}`, '--keep-times', '--redis', redis.url],
    ]);
    expect(await feed.exit()).toBe(0);
  }

  async function browse(): Promise<Browser> {
    const browser = await Browser.launch([
      `--host-resolver-rules=MAP localhost:8002 127.0.0.1:${gateway.port}`,
    ]);
    await browser.stand(
      CDN,
      readFileSync(join(ROOT, 'node_modules/socket.io-client-4.5/dist/socket.io.min.js')),
    );
    return browser;
  }

  const clientOf = (version: Version) => join(ROOT, 'node_modules', VERSIONS[version]);
  const REDIRECTED = ['--require', join(FIXTURE, 'redirect.cjs')] as const;

  it("Chromium: the tutorial's page, from a file, shows subscriptions, prices and summaries", async () => {
    const browser = await browse();
    const page = await browser.open(pathToFileURL(join(FIXTURE, 'test_websocket.html')).href);
    await page.getByText(/^Connected: \S+/).waitFor();
    await page.getByRole('button', { name: 'Subscribe NIFTY', exact: true }).click();
    await page.getByText('Subscribed to product:NIFTY').waitFor();
    const lines: string[] = [];
    await page.exposeFunction('line', (text: string) => lines.push(text));
    await page.evaluate(`{ const add = addUpdate; addUpdate = (text) => { line(text); add(text); }; }`);
    await replay(20); // not so fast that a browser that is busy is sent the newest only
    const chains = () => lines.filter((text) => / Chain: PCR=\d\.\d\d, Max Pain=\d+$/.test(text));
    const pricesShown = () => lines.filter((text) => /^\w+: ₹\d+\.\d\d \(.*\d.*\)$/.test(text));
    await waitFor(() => chains().length >= 95 && pricesShown().length >= 472);
    const prices = pricesShown();
    expect(chains()).toHaveLength(95);
    expect(new Set(prices.map((text) => text.split(':')[0]))).toEqual(new Set(PRODUCTS));
    expect(prices).toHaveLength(472); // each once, though NIFTY's room carries its own too
    expect(browser.complaints).toEqual([]);
    expect([...browser.kinds]).toEqual(expect.arrayContaining(KINDS));
    await browser.close();
  });

  it("Chromium: the README's example", async () => {
    const browser = await browse();
    const page = await browser.open(PAGE);
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.addScriptTag({ path: join(FIXTURE, 'browser.js') });
    await waitFor(() => said.some((text) => text.startsWith('Available products:')));
    await replay();
    await waitFor(() => said.some((text) => /^Price update: NIFTY \d/.test(text)));
    await waitFor(() => said.some((text) => /^Full chain: NIFTY \d+ strikes/.test(text)));
    expect(said.filter((text) => text.startsWith('Connected:'))).toHaveLength(1);
    expect(browser.complaints).toEqual([]);
    expect([...browser.kinds]).toEqual(expect.arrayContaining(KINDS));
    await browser.close();
  });

  it.each(Object.keys(VERSIONS) as Version[])("Node: the README's example, with %s", async (version) => {
    const recording = await Recording.start();
    const { PATH } = process.env;
    const env = { PATH, GATEWAY_PORT: String(gateway.port), CLIENT: clientOf(version), ...recording.env };
    const program = Command.spawn(...recording.command(...REDIRECTED, join(FIXTURE, 'node.cjs')), { env });
    await program.until(() => program.output.includes('Connected:'));
    await replay();
    await program.until(() => /^NIFTY: \d+/m.test(program.output));
    await program.end('SIGTERM');
    expect(recording.kinds()).toEqual(expect.arrayContaining(KINDS));
  });

  it("Python: the README's example", async () => {
    const recording = await Recording.start();
    const env = {
      PATH: process.env.PATH,
      GATEWAY_PORT: String(gateway.port),
      PYTHONPATH: FIXTURE,
      PYTHONUNBUFFERED: '1',
      ...recording.env,
    };
    const start = () =>
      Command.spawn(...recording.command(join(FIXTURE, 'client.py')), {
        env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
      });
    const subscribed = () => recording.kinds().includes('sent subscribe');
    const refused = () => program.output.includes('BadNamespaceError');
    let program = start();
    await program.until(() => subscribed() || refused());
    // python-socketio may call the handler of `connected` before it knows of its connection:
    // docs/compatibility.md. A program that failed so is started again, and before the replay: a
    // chain's summary is sent live only, never again.
    while (!subscribed()) {
      await program.end('SIGKILL');
      program = start();
      await program.until(() => subscribed() || refused());
    }
    await replay();
    await program.until(() => /^Price update: NIFTY = \d/m.test(program.output));
    await program.until(() => /^PCR: \d/m.test(program.output));
    await program.end('SIGKILL');
    expect(recording.kinds()).toEqual(expect.arrayContaining(KINDS));
  });

  interface Dashboard {
    readonly products: string[];
    readonly prices: Record<string, string>;
    readonly rows: Record<string, [number, string, string][]>;
    readonly errors: number;
    readonly connects: number;
  }

  function expectWhole(state: Dashboard): void {
    expect(state.products).toEqual(expect.arrayContaining(PRODUCTS));
    expect(Object.keys(state.prices).sort()).toEqual([...PRODUCTS].sort());
    expect(new Set(Object.keys(state.rows).map((key) => key.split(' ')[0]))).toEqual(new Set(PRODUCTS));
    for (const rows of Object.values(state.rows)) {
      expect(rows.length).toBeGreaterThan(10);
      for (const [strike, call, put] of rows) {
        expect(strike).toBeGreaterThan(0);
        expect([call, put]).toEqual([
          expect.stringMatching(/^\d+\.\d\d$/),
          expect.stringMatching(/^\d+\.\d\d$/),
        ]);
      }
    }
    expect(state.errors).toBe(0);
  }

  it('Chromium: a dashboard in the habits of the old front ends, also after its connection was lost', async () => {
    const browser = await browse();
    const page: Page = await browser.open(PAGE);
    await page.addScriptTag({ path: join(FIXTURE, 'dashboard.js') });
    const state = () => page.evaluate<Dashboard>('state');
    await waitFor(async () => (await state()).products.length >= PRODUCTS.length);
    await replay();
    await waitFor(async () => Object.keys((await state()).rows).length >= PRODUCTS.length);
    expectWhole(await state());
    // All that it shows after this comes from snapshots: it has to be subscribed again.
    await page.evaluate('state.prices = {}; state.rows = {}; socket.io.engine.close()');
    await waitFor(
      async () => Object.keys((await state()).rows).length >= PRODUCTS.length,
      'not subscribed again',
    );
    await waitFor(async () => Object.keys((await state()).prices).length >= PRODUCTS.length);
    expectWhole(await state());
    expect((await state()).connects).toBe(2);
    expect(browser.complaints).toEqual([]);
    expect([...browser.kinds]).toEqual(expect.arrayContaining(KINDS));
    await browser.close();
  });

  it.each(Object.keys(VERSIONS) as Version[])('Node: the same dashboard, with %s', async (version) => {
    const recording = await Recording.start();
    const { PATH } = process.env;
    const env = { PATH, GATEWAY_PORT: String(gateway.port), CLIENT: clientOf(version), ...recording.env };
    const report = `setInterval(() => process.send(state), 50); process.on('message', () => socket.io.engine.close());`;
    const source = `${readFileSync(join(FIXTURE, 'dashboard.js'), 'utf8')}\n${report}`;
    const child = startProcess(...recording.command(...REDIRECTED, '--eval', source), {
      env: { ...env, GLOBAL_IO: '1' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    try {
      let state: Dashboard | undefined;
      child.on('message', (message) => (state = message as Dashboard));
      await waitFor(() => (state?.products.length ?? 0) >= PRODUCTS.length);
      await replay();
      await waitFor(() => Object.keys(state!.rows).length >= PRODUCTS.length);
      expectWhole(state!);
      child.send('lose the connection');
      await waitFor(() => state!.connects === 2);
      expect(state!.errors).toBe(0);
      expect(recording.kinds()).toEqual(expect.arrayContaining(KINDS));
    } finally {
      await endProcess(child);
    }
  });
});
