import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Browser } from '../../support/browser.js';
import { repeat } from '../../support/cleanup.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, underlying } from '../../support/messages.js';
import { startProcess } from '../../support/processes.js';
import { Recording } from '../../support/recording.js';
import { RedisServer } from '../../support/redis-server.js';
import { claims, hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const ROOT = join(__dirname, '../../..');
const EXAMPLES = join(ROOT, 'clients/examples');
const PROGRAMS = [
  ['Node', 'node-client.mjs'],
  ['Python', 'python_client.py'],
] as const;

/** A running program whose output is recorded. */
class Program {
  output = '';
  /** What it wrote on standard error. */
  errors = '';
  readonly exited: Promise<unknown>;

  private constructor(readonly child: ChildProcess) {
    this.exited = once(child, 'close');
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    child.stderr!.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
  }

  static run(command: string, args: readonly string[], env: Record<string, string>): Program {
    const options = { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] as const };
    return new Program(startProcess(command, args, { ...options, stdio: [...options.stdio] }));
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.exited;
    return this.child.exitCode;
  }
}

describe('client examples', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  let stopProducer: (() => void) | undefined;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
    let n = 0;
    stopProducer = repeat(() => {
      n++;
      void redis.client.publish('enriched:underlying', JSON.stringify(underlying('NIFTY', n)));
      void redis.client.publish('enriched:option_chain', JSON.stringify(chain('NIFTY', n)));
    }, 100);
  });
  afterAll(async () => {
    stopProducer?.();
    await gateway.stop();
    await redis.stop();
  });

  it.each(PROGRAMS)(
    '%s: connects, subscribes, receives prices, summaries and full chains, and disconnects',
    async (_, file) => {
      const recording = await Recording.start();
      const program = Program.run(...recording.command(join(EXAMPLES, file), '--messages', '30'), {
        GATEWAY_URL: gateway.url,
        ...recording.env,
      });
      await program.exited;
      expect({ exit: program.child.exitCode, output: program.output }).toMatchObject({ exit: 0 });
      expect(program.output).toMatch(/^Connected: \S+/m);
      expect(program.output).toMatch(/^NIFTY: \d+/m);
      expect(program.output).toMatch(new RegExp(`^NIFTY ${EXPIRY}: PCR 0.9464, max pain 21400`, 'm'));
      expect(program.output).toMatch(new RegExp(`^NIFTY ${EXPIRY}: full chain of 3 strikes`, 'm'));
      expect(program.output).not.toContain('Refused');
      expect([...recording.kinds()].sort()).toEqual([
        ...['received chain_summary', 'received chain_update', 'received connected', 'received subscribed'],
        ...['received underlying_update', 'sent subscribe'],
      ]);
    },
  );

  it.each(PROGRAMS)('%s: sends a token to a gateway that requires one', async (_, file) => {
    const recording = await Recording.start();
    const guarded = await GatewayProcess.start({
      REDIS_URL: redis.url,
      AUTH_MODE: 'required',
      JWT_SECRET,
      SECRET_KEY: JWT_SECRET.toLowerCase(),
    });
    const run = (env: Record<string, string>): Program =>
      Program.run(...recording.command(join(EXAMPLES, file), '--messages', '1'), {
        GATEWAY_URL: guarded.url,
        ...recording.env,
        ...env,
      });
    const [welcome, stranger] = [run({ GATEWAY_TOKEN: hs256() }), run({})];
    await welcome.exited;
    expect({ exit: welcome.child.exitCode, output: welcome.output }).toMatchObject({ exit: 0 });
    expect(welcome.output).toMatch(/^Connected: \S+/m);
    await waitFor(
      () => stranger.output.includes('Not let in: AUTH_REQUIRED'),
      () => stranger.output,
    );
    expect(stranger.output).not.toContain('Connected');
    expect(recording.kinds()).toEqual(
      expect.arrayContaining(['received connected', 'received connect_error']),
    );
    await stranger.stop('SIGTERM');
    await guarded.stop();
  });

  describe.each(PROGRAMS)('%s: ends with exit code 1, and says why on standard error,', (_, file) => {
    const run = (env: Record<string, string>) =>
      Program.run(file.endsWith('.py') ? '/usr/bin/python3' : process.execPath, [join(EXAMPLES, file)], env);
    const guarded = () =>
      GatewayProcess.start({
        REDIS_URL: redis.url,
        AUTH_MODE: 'required',
        JWT_SECRET,
        SECRET_KEY: JWT_SECRET.toLowerCase(),
      });

    async function ended(program: Program): Promise<{ exit: number | null; errors: string }> {
      await program.exited;
      return { exit: program.child.exitCode, errors: program.errors };
    }

    it('if the gateway refuses its token', async () => {
      const gateway = await guarded();
      const outcomes = await Promise.all(
        [{}, { GATEWAY_TOKEN: 'rubbish' }].map((token) =>
          ended(run({ GATEWAY_URL: gateway.url, ...token } as Record<string, string>)),
        ),
      );
      expect(outcomes).toEqual([
        {
          exit: 1,
          errors: expect.stringMatching(/^Not let in: AUTH_REQUIRED: .+ Set GATEWAY_TOKEN to a token\.\n$/),
        },
        {
          exit: 1,
          errors: expect.stringMatching(
            /^Not let in: TOKEN_INVALID: .+ Check the token in GATEWAY_TOKEN\.\n$/,
          ),
        },
      ]);
      await gateway.stop();
    });

    it('if the gateway refuses its subscription', async () => {
      const gateway = await guarded();
      const program = run({
        GATEWAY_URL: gateway.url,
        GATEWAY_TOKEN: hs256(claims({ allowed_products: ['AAPL'], products: ['AAPL'] })),
      });
      const { exit, errors } = await ended(program);
      expect(exit).toBe(1);
      expect(errors).toMatch(/^Refused: FORBIDDEN: Your token does not allow .+ is not allowed\.\n/);
      await gateway.stop();
    });

    it('if no gateway can be reached at the start', async () => {
      const outcome = await ended(run({ GATEWAY_URL: 'http://127.0.0.1:1' }));
      expect(outcome).toEqual({
        exit: 1,
        errors: expect.stringMatching(
          /^Cannot connect to http:\/\/127\.0\.0\.1:1: .*refused.*\. Check GATEWAY_URL, and that the gateway runs\.\n$/i,
        ),
      });
    });

    it('if the gateway closes its connection for good', async () => {
      const gateway = await guarded();
      const program = run({ GATEWAY_URL: gateway.url, GATEWAY_TOKEN: hs256(claims({ user_id: 77 })) });
      await waitFor(
        () => program.output.includes('Connected:'),
        () => program.output,
      );
      await redis.client.publish('auth:revoked', JSON.stringify({ user_id: 77 }));
      const { exit, errors } = await ended(program);
      expect(exit).toBe(1);
      expect(errors).toMatch(/^Closed by the gateway: TOKEN_REVOKED: .+ Sign in again\.\n/);
      await gateway.stop();
    });
  });

  /** The page of the example, on another origin than the gateway. */
  async function withPage(gatewayUrl: string, check: (page: Page, browser: Browser) => Promise<void>) {
    const site = createServer((request, response) => {
      const name = request.url?.startsWith('/browser.js') ? 'browser.js' : 'browser.html';
      response.setHeader('content-type', name.endsWith('.js') ? 'text/javascript' : 'text/html');
      response.end(readFileSync(join(EXAMPLES, name)));
    });
    await listen(site);
    const browser = await Browser.launch();
    try {
      await check(
        await browser.open(`http://127.0.0.1:${portOf(site)}/browser.html?gateway=${gatewayUrl}`),
        browser,
      );
    } finally {
      await browser.close();
      site.close();
    }
  }

  it('browser: a page of another origin shows prices', () =>
    withPage(gateway.url, async (page, browser) => {
      await page.getByText(/^Connected as/).waitFor();
      await page.getByText(/^NIFTY: \d+\.00$/).waitFor();
      expect(browser.complaints.filter((text) => !text.includes('favicon') && !text.includes('404'))).toEqual(
        [],
      );
    }));

  it('browser: the page says why it is not let in, and that there is no gateway', async () => {
    const guarded = await GatewayProcess.start({
      REDIS_URL: redis.url,
      AUTH_MODE: 'required',
      JWT_SECRET,
      SECRET_KEY: JWT_SECRET.toLowerCase(),
    });
    await withPage(guarded.url, async (page) => {
      await page
        .locator('#problem')
        .getByText(/^Not let in: AUTH_REQUIRED: .+ This example sends no token\.$/)
        .waitFor();
      await page.locator('#status').getByText('Not connected').waitFor();
    });
    await withPage('http://127.0.0.1:1', async (page) => {
      await page.locator('#problem').getByText('No gateway at http://127.0.0.1:1').waitFor();
    });
    await guarded.stop();
  });
});

describe('npm run demo', () => {
  /** Starts the built demo like its npm script does. Programs are looked up in `path`. */
  async function demo(path: string): Promise<{ program: Program; url: string }> {
    const program = Program.run(process.execPath, [join(ROOT, 'dist/tools/demo.js')], {
      PORT: '0',
      PATH: path,
      // These settings describe some other Redis. The demo must not use them for its own.
      REDIS_USERNAME: 'gateway',
      REDIS_PASSWORD: 'hunter2',
    });
    await waitFor(
      () => {
        if (program.child.exitCode !== null) throw new Error(program.output);
        return program.output.includes('Open http');
      },
      () => program.output,
      30_000,
    );
    return { program, url: /Open (\S+)/.exec(program.output)![1]! };
  }

  it('shows a live market in the browser with a private Redis, and cleans up when it ends', async () => {
    const { program, url } = await demo(process.env.PATH!);
    expect(program.output).toMatch(/It runs on a private (redis|valkey)-server at/);
    const redisPort = /redis:\/\/127\.0\.0\.1:(\d+)/.exec(program.output)![1]!;
    const browser = await Browser.launch();
    try {
      const page = await browser.open(url);
      await page.locator('#status[data-state="live"]').waitFor();
      const row = page.locator('tr[data-product="BANKNIFTY"]');
      await row
        .locator('.watch-price')
        .getByText(/^₹[\d,]+\.\d\d$/)
        .waitFor();
      await row.click();
      await page.locator('.product-name').getByText('BANKNIFTY').waitFor();
      await page
        .locator('[data-tile="totalOi"] .tile-value')
        .getByText(/^[\d.]+[KM]$/)
        .waitFor();
      expect(browser.complaints).toEqual([]);
    } finally {
      await browser.close();
    }
    expect(await program.stop('SIGINT')).toBe(0);
    await expect(fetch(`http://127.0.0.1:${redisPort}`)).rejects.toThrow();
  });

  it('shows prices in grey, with their age, once the gateway is gone', async () => {
    const { program, url } = await demo('/nonexistent');
    const browser = await Browser.launch();
    try {
      const page = await browser.open(url);
      const prices = page.locator('.watch-row .watch-price', { hasText: /[₹$]/ });
      await prices.nth(7).waitFor();
      expect(await page.locator('.watch-row.stale').count()).toBe(0);
      await program.stop('SIGKILL');
      await page.locator('.watch-row.stale', { hasText: 'no connection' }).nth(7).waitFor();
      expect(await prices.count()).toBe(8);
      expect(await page.locator('.watch-row:not(.stale)').count()).toBe(0);
    } finally {
      await browser.close();
      await program.stop('SIGKILL');
    }
  });

  it('runs on a broker of its own where there is no Redis', async () => {
    const { program, url } = await demo('/nonexistent');
    expect(program.output).toContain('an in-process broker');
    await waitFor(async () => {
      const text = await (await fetch(`${url}metrics`, { headers: { accept: 'text/plain' } })).text();
      return /socket_gateway_broadcasts_total\{event="chain_update"\} [1-9]/.test(text);
    });
    expect(await program.stop('SIGTERM')).toBe(0);
  });

  it('stops its private Redis when it is killed', async () => {
    const before = readdirSync(tmpdir());
    const { program } = await demo(process.env.PATH!);
    const port = /redis:\/\/127\.0\.0\.1:(\d+)/.exec(program.output)![1]!;
    await program.stop('SIGKILL');
    await waitFor(() =>
      fetch(`http://127.0.0.1:${port}`).then(
        () => false,
        (error: { cause?: { code?: string } }) => error.cause?.code === 'ECONNREFUSED',
      ),
    );
    await waitFor(() =>
      readdirSync(tmpdir()).every((name) => before.includes(name) || !name.startsWith('deltastream-demo-')),
    );
  });

  it('explains in one sentence that it cannot reach the configured Redis', async () => {
    const program = Program.run(process.execPath, [join(ROOT, 'dist/tools/demo.js')], {
      REDIS_URL: 'redis://:hunter2@127.0.0.1:1/0',
    });
    await program.exited;
    expect(program.child.exitCode).toBe(1);
    expect(program.output).toMatch(
      /^The demo cannot run: Redis at redis:\/\/\*\*\*@127.0.0.1:1\/0 cannot be used: .+\n$/,
    );
  });
});

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
