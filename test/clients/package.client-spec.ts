import { build } from 'esbuild';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Browser } from '../support/browser.js';
import { cleanUp } from '../support/cleanup.js';
import { Command } from '../support/command.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Platform } from '../support/platform.js';
import { Recording } from '../support/recording.js';
import { RedisServer } from '../support/redis-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { Application, ROOT, run } from './support/package.js';

/**
 * The size of the client in a page, in bytes, minified and gzipped. Raise these limits only
 * deliberately.
 *
 * `connect` is what every application has. `alone` and `withSocketIo` have every export, also
 * `Series` and the pages of history, for which they were raised from 14,900 and 28,250. A bundler
 * leaves these out of an application that does not use them. `hooks` was raised from 2,200 for
 * `useHistory` and `useSeries`. For views, the first three were raised by 1,850 to 2,100, because
 * every subscription may have one, and `hooks` by 150. For portfolios, the first three were raised by
 * 500, and `hooks` by 150; and all by up to 75 more to forget them.
 * For latency probes, the first three were raised by 50, and by 225 for `latency()` and `onReceive`.
 */
const LIMIT = { connect: 17_700, alone: 20_025, withSocketIo: 33_400, hooks: 4_335 };

const USE = `
const client = connect(process.argv[2], { general: false });
const handle = client.subscribe({ type: 'product', symbol: process.argv[3] });
handle.ready.then(async () => {
  for await (const { product, price } of handle) {
    console.log(product, price, handle.stale, client.state);
    client.close();
  }
});
`;

const CONSUMER = `
import { type Bar, type ChainUpdate, type ChainView, connect, historyPages, type PortfolioSubscription, type PortfolioUpdate, recordsOf, rowsOf, Series, type Subscription, SubscriptionError } from '@deltastream/socket-client';
import { GatewayProvider, useChain, useHistory, usePortfolio, useProduct, useSeries } from '@deltastream/socket-client/react';
import { msgpack } from '@deltastream/socket-client/msgpack';
import { type Authenticate, FakeGateway } from '@deltastream/socket-client/testing';

const client = connect('http://gateway', { token: async ({ reason }) => reason });
const chain: Subscription<ChainUpdate> = client.subscribe({ type: 'chain', symbol: 'NIFTY', expiry: '2026-11-26' });
export const iv: number | null | undefined = chain.latest?.calls[0]?.iv;
client.on('closing', ({ code }) => code === 'DRAINING');
client.on('state', ({ state, previous }) => state !== previous);
export const ivs: (number | null | undefined)[] = chain.updates.map(({ calls }) => calls[0]?.iv);
// with exactOptionalPropertyTypes, as a page has these values that may be undefined
const none = undefined as string | undefined;
connect('http://gateway', { token: none, general: undefined, path: none, socketOptions: undefined });
client.subscribe({ type: 'chain', symbol: 'NIFTY', symbols: undefined, expiry: none });
client.subscribe({ type: 'product', symbol: none, symbols: ['NIFTY'] });
client.snapshot({ type: 'chain', symbol: 'NIFTY', expiry: none }, { timeoutMs: undefined });
export const picked = (): unknown => useChain(none, none, { everyMs: undefined, select: undefined });
export const noClient = (): unknown => GatewayProvider({ client: undefined });
connect('http://gateway', { encoding: msgpack });
connect('http://gateway', { encoding: none === undefined ? undefined : msgpack });
// @ts-expect-error there is no such event
client.on('nonsense', () => undefined);
// @ts-expect-error a product has no expiry
client.subscribe({ type: 'product', symbol: 'NIFTY', expiry: '2026-11-26' });
// @ts-expect-error of which product?
client.subscribe({ type: 'product' });
// @ts-expect-error and of which chain?
client.subscribe({ type: 'chain', expiry: '2026-11-26' });
chain.ready.catch((error: unknown) => error instanceof SubscriptionError && error.retryAfterMs);
export async function read(): Promise<number> {
  for await (const update of client.subscribe({ type: 'product', symbol: 'NIFTY' })) return update.price;
  const { updates } = await client.snapshot({ type: 'chain', symbol: 'NIFTY' });
  return updates[0]?.strikes[0] ?? 0;
}
export const price = (): number | undefined => useProduct('NIFTY').update?.price;
export const chains = (): ReadonlyMap<string, ChainUpdate> => useChain('NIFTY').chains;
export const close = (): number | undefined => useSeries('NIFTY', { resolution: '1m', limit: undefined }).points.at(-1)?.close;
export const newest = (): number | undefined => useSeries(none).points.at(-1)?.price;
export const past = (): unknown => useHistory({ type: 'product', symbol: 'NIFTY' }).records[0]?.price;
export const bars: readonly Bar[] = new Series(client, { symbol: 'NIFTY', resolution: '5m' }, () => undefined).points;
export async function pages(): Promise<number> {
  for await (const page of historyPages(client, { type: 'product', symbol: 'NIFTY' }, { signal: undefined })) return recordsOf(page).length;
  return (await chain.history({ limit: 5 })).columns.length;
}
client.on('gap', ({ product, since }) => product + since);
const quotes: Subscription<ChainView> = client.subscribe({ type: 'chain', symbol: 'NIFTY', view: { mode: 'quote', strikes: none === undefined ? undefined : 10 } });
export const bids: (number | null | undefined)[] = quotes.updates.flatMap((view) => [...rowsOf(view)].map(({ call }) => call.bid));
client.subscribe({ type: 'product', symbol: 'NIFTY', view: { max_rate: 2 } }).changeView({}).catch(() => quotes.granted?.max_rate);
export const columns = (): ChainView | undefined => useChain('NIFTY', { expiry: none, view: { mode: 'ltp' }, everyMs: 500 }).chain;
export const whole = (): number | undefined => useChain('NIFTY', { expiry: none, select: ({ chain: one }) => one?.calls.length });
interface Cash extends PortfolioUpdate { readonly cash: number }
const portfolio: PortfolioSubscription<Cash> = client.subscribe<Cash>({ type: 'portfolio' });
export const cash: number | undefined = portfolio.latest?.cash;
portfolio.on('stale', ({ status }) => status?.age_ms);
export const owner = (): string | number | undefined => usePortfolio({ everyMs: undefined }).portfolio?.user_id;
export const coins = (): number | undefined => usePortfolio<Cash>().portfolio?.cash;
// @ts-expect-error a portfolio has no history
portfolio.history();
// @ts-expect-error a product has no columns
client.subscribe({ type: 'product', symbol: 'NIFTY', view: { mode: 'ltp' } });
connect('http://gateway', { resume: none === undefined ? undefined : true });
const authenticate: Authenticate = (token) => (token ? { role: 'trader' } : 'AUTH_REQUIRED');
const fake = new FakeGateway({ products: ['NIFTY'], limits: { max_subscriptions: 5 }, authenticate });
new FakeGateway({ products: undefined, limits: undefined }).drain({ reconnectInMs: undefined });
export const tested: typeof client = fake.connect({ token: 'any' });
export const chainOfTest: ChainUpdate = fake.publishChain({ product: 'NIFTY', expiry: '2026-11-26', pcr_oi: 2 });
// @ts-expect-error there is no such code
fake.reject('product:NIFTY', 'NONSENSE');
`;

let redis: RedisServer;
let gateway: GatewayProcess;
let product: string;
let application: Application;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  const platform = new Platform(redis, gateway);
  product = platform.product();
  await platform.underlying(product, 7);
  await platform.carried();
  application = await Application.install();
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

it('the package contains the build output and its README, and nothing else', async () => {
  const files = await application.files();
  expect(files).toEqual(
    expect.arrayContaining(['README.md', 'package.json', 'dist/esm/index.d.ts', 'dist/cjs/index.js']),
  );
  expect(files.filter((name) => /src|spec|\.tsx?$|scripts/.test(name) && !name.endsWith('.d.ts'))).toEqual(
    [],
  );
});

it('npm pack in a clean clone builds the package first', async () => {
  const clone = await temporaryFolder();
  const contract = 'src/contract';
  const source = 'clients/typescript';
  for (const path of [contract, source]) {
    await mkdir(join(clone, path), { recursive: true });
    await cp(join(ROOT, path), join(clone, path), {
      recursive: true,
      filter: (name) => !/\/(?:dist|node_modules)$/.test(name),
    });
  }
  await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  await run(join(clone, source), 'npm', ['pack', '--pack-destination', clone]);
  const [tarball] = (await readdir(clone)).filter((name) => name.endsWith('.tgz'));
  const files = (await run(clone, 'tar', ['-tzf', tarball!])).split('\n');
  expect(files).toEqual(
    expect.arrayContaining(['package/dist/esm/index.js', 'package/dist/cjs/react/index.d.ts']),
  );
}, 120_000); // compiles the package twice

it('types and code resolve for each entry with node10, node16 and bundlers', async () => {
  const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  expect(await run(application.folder, process.execPath, [attw, application.tarball])).toContain(
    'No problems found',
  );
});

it('each source map contains its source, so that debuggers and stack traces show it', async () => {
  const scripts = (await application.files()).filter((name) => /^dist\/.*\.js$/.test(name));
  expect(scripts.length).toBeGreaterThan(50);
  for (const name of scripts) {
    const path = join(application.folder, 'package', name);
    const [, map] = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(await readFile(path, 'utf8')) ?? [];
    const { sources, sourcesContent } = JSON.parse(await readFile(join(path, '..', map!), 'utf8'));
    expect(sources).toEqual([expect.stringMatching(/\/src\/.*\.tsx?$/)]);
    expect(sourcesContent).toEqual([expect.stringMatching(/\S/)]);
  }
  const file = await application.write(
    'trace.mjs',
    `import { SubscriptionError } from '@deltastream/socket-client';
     try { SubscriptionError.of(null); } catch (error) { console.log(error.stack); }`,
  );
  expect(await application.node('--enable-source-maps', file)).toMatch(/\/src\/errors\.ts:\d+/);
});

it.each(['socket.io-client', 'socket.io-client-4.7', 'socket.io-client-4.5'])(
  'Node, ES module and CommonJS, with %s',
  async (socketIo) => {
    const app = await Application.install(socketIo);
    await app.write('esm.mjs', `import { connect } from '@deltastream/socket-client';${USE}`);
    await app.write('cjs.cjs', `const { connect } = require('@deltastream/socket-client');${USE}`);
    for (const file of ['esm.mjs', 'cjs.cjs']) {
      const recording = await Recording.start();
      expect(await app.recorded(recording, file, gateway.url, product)).toBe(
        `${product} 7 false connected\n`,
      );
      expect(recording.kinds()).toEqual(
        expect.arrayContaining(['sent unsubscribe', 'acknowledged subscribe', 'received underlying_update']),
      );
    }
  },
);

it('its entry for MessagePack works in ES modules and CommonJS', async () => {
  const [main, entry] = ['@deltastream/socket-client', '@deltastream/socket-client/msgpack'];
  const use = USE.replace('general: false', 'general: false, encoding: msgpack');
  await application.write(
    'packed.mjs',
    `import { connect } from '${main}'; import { msgpack } from '${entry}';${use}`,
  );
  await application.write(
    'packed.cjs',
    `const { connect } = require('${main}'); const { msgpack } = require('${entry}');${use}`,
  );
  for (const file of ['packed.mjs', 'packed.cjs']) {
    expect(await application.node(file, gateway.url, product)).toBe(`${product} 7 false connected\n`);
  }
});

it('its entry for tests plays a gateway in ES modules and CommonJS, with the errors of the main entry', async () => {
  const play = `
    const gateway = new FakeGateway({ products: ['NIFTY'] });
    gateway.publishPrice('NIFTY', 7);
    gateway.reject('product:SENSEX', 'FORBIDDEN');
    const client = gateway.connect();
    const refused = client.subscribe({ type: 'product', symbol: 'SENSEX' });
    const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
    gateway.settle().then(() => {
      console.log(client.state, handle.latest.price, handle.stale, refused.error instanceof SubscriptionError);
      gateway.close();
    });`;
  const [main, testing] = ['@deltastream/socket-client', '@deltastream/socket-client/testing'];
  const names = ['{ SubscriptionError }', '{ FakeGateway }'];
  await application.write(
    'play.mjs',
    `import ${names[0]} from '${main}'; import ${names[1]} from '${testing}';${play}`,
  );
  await application.write(
    'play.cjs',
    `const ${names[0]} = require('${main}'); const ${names[1]} = require('${testing}');${play}`,
  );
  for (const file of ['play.mjs', 'play.cjs'])
    expect(await application.node(file)).toBe('connected 7 false true\n');
});

it.each([
  ['node10', 'commonjs', 'old-consumer.ts'],
  ['node16', 'node16', 'consumer.mts'],
  ['nodenext', 'nodenext', 'consumer.cts'],
  ['bundler', 'esnext', 'consumer.ts'],
])(
  'its types compile for a consumer with %s',
  async (moduleResolution, module, name) => {
    const file = await application.write(name, CONSUMER);
    const args = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--skipLibCheck',
      'false',
      '--target',
      'es2022',
    ];
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const output = await application.node(
      tsc,
      ...args,
      '--lib',
      'es2022,dom',
      '--module',
      module,
      '--moduleResolution',
      moduleResolution,
      ...(moduleResolution === 'node10' ? ['--ignoreDeprecations', '6.0'] : []),
      file,
    );
    expect(output).toBe('');
  },
  180_000,
); // compiling the complete libraries takes long

async function bundle(source: string, external: string[] = []) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: application.folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    write: false,
    external,
    nodePaths: [join(ROOT, 'node_modules')],
  });
  const [{ contents, text }] = outputFiles as [(typeof outputFiles)[0]];
  return { text, bytes: gzipSync(contents).length, inputs: Object.keys(metafile.inputs) };
}

it('is small: what every application has, all exports, those with socket.io-client, the hooks', async () => {
  const all = `export * from '@deltastream/socket-client'`;
  const alone = await bundle(all, ['socket.io-client']);
  const hooks = await bundle(`export * from '@deltastream/socket-client/react'`, ['react']);
  const connect = await bundle(`export { connect } from '@deltastream/socket-client'`, ['socket.io-client']);
  const sizes = {
    connect: connect.bytes,
    alone: alone.bytes,
    withSocketIo: (await bundle(all)).bytes,
    hooks: hooks.bytes,
  };
  process.stderr.write(`the client, minified and gzipped, bytes: ${JSON.stringify(sizes)}\n`);
  for (const name of ['connect', 'alone', 'withSocketIo', 'hooks'] as const)
    expect(sizes[name]).toBeLessThanOrEqual(LIMIT[name]);
});

it('supports tree shaking: connect excludes React, the fake gateway and MessagePack, and types add nothing', async () => {
  const { inputs, text } = await bundle(
    `import { connect } from '@deltastream/socket-client'; connect('http://x')`,
  );
  expect(inputs.filter((name) => /react|testing|msgpack/.test(name))).toEqual([]);
  // Only a series uses it.
  expect(text).not.toContain('AbortController');
  // The tables with the contract's texts are removed if they are not used.
  expect(text).not.toContain('The payload is not an object.');
  const nothing = await bundle(
    `import { connect, ERROR_CODES } from '@deltastream/socket-client'; export {}`,
  );
  expect(nothing.bytes).toBeLessThan(50);
});

it('a bundle for browsers shows prices in Chromium', async () => {
  const { text } = await bundle(`
    import { connect } from '@deltastream/socket-client';
    const [url, symbol] = location.hash.slice(1).split(',');
    const client = connect(url);
    client.subscribe({ type: 'product', symbol }).on('update', ({ price }) => (document.body.textContent = 'price ' + price));
  `);
  const site = createServer((request, response) => {
    const isScript = request.url === '/app.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(
      isScript
        ? text
        : '<link rel="icon" href="data:,"><body></body><script type="module" src="/app.js"></script>',
    );
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  cleanUp(() => void site.close());
  const browser = await Browser.launch();
  const { port } = site.address() as AddressInfo;
  const page = await browser.open(`http://127.0.0.1:${port}/#${gateway.url},${product}`);
  await page.getByText('price 7').waitFor();
  expect(browser.complaints).toEqual([]);
  expect([...browser.kinds]).toEqual(
    expect.arrayContaining(['acknowledged subscribe', 'received connected']),
  );
  await browser.close();
});

it("its copy of the contract is identical to the service's", async () => {
  const check = Command.spawn(process.execPath, [
    join(ROOT, 'clients/typescript/scripts/copy-contract.mjs'),
    '--check',
  ]);
  expect({ code: await check.exit(), said: check.output }).toEqual({ code: 0, said: '' });
});
