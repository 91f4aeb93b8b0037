import { build } from 'esbuild';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { connect } from '../../clients/typescript/src/index.js';
import { Browser } from '../support/browser.js';
import { makeCertificate } from '../support/certificate.js';
import { cleanUp } from '../support/cleanup.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { RedisServer } from '../support/redis-server.js';

const ROOT = join(__dirname, '../..');

let redis: RedisServer;
let gateway: GatewayProcess;
let tls: GatewayProcess;

beforeAll(async () => {
  redis = await RedisServer.start();
  const env = { REDIS_URL: redis.url, CORS_ORIGINS: 'https://app.example.com' };
  const { cert, key } = await makeCertificate();
  gateway = await GatewayProcess.start(env);
  tls = await GatewayProcess.start({ ...env, TLS_CERT: cert, TLS_KEY: key });
});
afterAll(async () => {
  await tls.stop();
  await gateway.stop();
  await redis.stop();
});

/** The port of a server that ends with the tests. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The text of the first error. */
function failure(url: string, options: Parameters<typeof connect>[1] = {}): Promise<string> {
  const client = connect(url, options);
  cleanUp(() => client.close());
  return new Promise((resolve) => {
    client.on('connect_error', ({ error }) => {
      resolve(error.message);
      client.close();
    });
    client.on('state', ({ state, reason }) => state === 'closed' && reason && resolve(reason.message));
  });
}

it.each([
  ['', 'The gateway address is empty.'],
  [undefined, 'The gateway address is empty.'],
  [new URL('http://localhost:8002'), 'must be a string'],
  ['localhost:8002', 'has no scheme. Write https://localhost:8002, or http://localhost:8002'],
  ['gateway.example.com', 'has no scheme. Write https://gateway.example.com'],
  ['redis://localhost', 'must begin with https:// or http://'],
  ['http:localhost', 'must begin with https:// or http://'],
  ['//localhost', 'must begin with https:// or http://'],
  ['http://', 'The gateway address http:// is not valid.'],
  ['http://localhost:8002/app', 'has no path'],
])('the address %p closes the client with a text that says what to write', async (url, text) => {
  const client = connect(url as string);
  const handle = client.subscribe({ type: 'product', symbol: 'NIFTY' });
  await expect(handle.ready).rejects.toThrow(text);
  expect(client).toMatchObject({ state: 'closed', reason: { message: expect.stringContaining(text) } });
});

describe.each(['websocket', 'polling'])('in Node, over %s, the error says what to do about', (transport) => {
  const transports = [transport];

  it('an unknown host', async () => {
    const error = await failure('http://gateway.invalid', { transports });
    expect(error).toMatch(/^Cannot connect to http:\/\/gateway\.invalid: the host is unknown\./);
  });

  it('a port at which nothing listens', async () => {
    expect(await failure('http://127.0.0.1:1', { transports })).toContain('nothing listens there.');
  });

  it('https:// for a gateway without TLS', async () => {
    const error = await failure(gateway.url.replace('http:', 'https:'), { transports });
    expect(error).toContain('there is no TLS at this port. Write http://');
  });

  it('http:// for a gateway with TLS', async () => {
    expect(await failure(tls.url, { transports })).toContain('Write https:// if the gateway has TLS.');
  });

  it('a certificate that is not trusted', async () => {
    const error = await failure(tls.url.replace('http:', 'https:'), { transports });
    expect(error).toContain('NODE_EXTRA_CA_CERTS');
  });

  it('a server that is not the gateway', async () => {
    const port = await listening(createHttpServer((_, response) => response.writeHead(404).end()));
    const error = await failure(`http://127.0.0.1:${port}`, { transports });
    expect(error).toContain('HTTP 404. Check the address');
  });

  it('a proxy that does not reach the gateway', async () => {
    const port = await listening(
      createServer((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n')),
      ),
    );
    expect(await failure(`http://127.0.0.1:${port}`, { transports })).toContain('HTTP 502. Check the proxy');
  });
});

it('a path without a slash at its start connects', async () => {
  const client = connect(`http://127.0.0.1:${gateway.port}`, { path: 'socket.io' });
  cleanUp(() => client.close());
  await expect(client.products()).resolves.toBeDefined();
});

it('in Node, the error names CORS_ORIGINS if the gateway refuses the origin that a program sends', async () => {
  // Only over WebSocket: the XMLHttpRequest of Node sends no origin either.
  const socketOptions = { extraHeaders: { origin: 'https://other.example.com' } };
  expect(await failure(gateway.url, { socketOptions })).toContain('CORS_ORIGINS');
});

describe('in a browser, which hides the reason from the page', () => {
  let page: Awaited<ReturnType<Browser['open']>>;
  let origin: string;

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `
          import { connect } from './clients/typescript/src/index.js';
          window.failure = (url, transports) => new Promise((resolve) => {
            const client = connect(url, { transports });
            client.on('state', ({ reason }) => reason && resolve(reason.message));
            client.on('connect_error', ({ error }) => {
              resolve(error.message);
              client.close();
            });
          });`,
        resolveDir: ROOT,
      },
      bundle: true,
      format: 'iife',
      write: false,
    });
    const script = outputFiles[0]!.text;
    const site = createHttpServer((_, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(`<link rel="icon" href="data:,"><script>${script}</script>`),
    );
    origin = `http://127.0.0.1:${await listening(site)}`;
    const browser = await Browser.launch();
    page = await browser.open(origin);
  });

  const failed = (url: string, transport: string) =>
    page.evaluate(
      ([address, transports]) =>
        (globalThis as unknown as { failure: (...args: unknown[]) => Promise<string> }).failure(address, [
          transports,
        ]),
      [url, transport],
    );

  it.each(['websocket', 'polling'])(
    'a refused origin over %s: names the origin and the setting',
    async (transport) => {
      const error = await failed(gateway.url, transport);
      expect(error).toContain(`Cannot connect to ${gateway.url}: the browser does not tell the page why`);
      expect(error).toContain(`that its CORS_ORIGINS has ${origin}`);
    },
  );

  it.each([
    ['an unknown host', () => 'http://gateway.invalid', 'Check that the gateway runs at this address'],
    ['a wrong certificate', () => tls.url.replace('http:', 'https:'), 'the browser trusts its certificate'],
    ['TLS where http:// was written', () => tls.url, 'otherwise write https://'],
    ['a missing scheme', () => 'localhost:8002', 'has no scheme. Write https://localhost:8002'],
    ['an empty address', () => '', 'The gateway address is empty.'],
  ])('%s: says what to check', async (_, url, text) => {
    expect(await failed(url(), 'websocket')).toContain(text);
  });
});
