import { type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Health } from '../../clients/typescript/src/index.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { closedMarket } from '../support/market-hours.js';
import { startProcess } from '../support/processes.js';
import { RedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait.js';
import { CheckedClient } from './support/checked-client.js';
import { PYTHON } from './support/wheel.js';

const FAULTS = join(__dirname, '../support/faults.cjs');
const PYTHON_CLIENTS = join(__dirname, '../../clients/python');
/** What the documentation promises, and some time for a machine that runs other tests as well, ms. */
const WITHIN_MS = 3_000 + 1_500;
/** How often a fault is caused until all notice it in time, because the machine may stall meanwhile. */
const TRIES = 3;

interface Change {
  readonly client: string;
  readonly health: Health;
  readonly at: number;
}

/** The clients of both packages, connected through one proxy, and what they said of their health. */
class Witnesses {
  readonly changes: Change[] = [];
  private asked = 0;

  private constructor(
    readonly proxy: TcpProxy,
    private readonly typescript: CheckedClient,
    private readonly python: ChildProcess,
  ) {
    typescript.client.on('health', ({ health }) =>
      this.changes.push({ client: 'TypeScript', health, at: Date.now() }),
    );
    createInterface({ input: python.stdout! }).on('line', (line) =>
      this.changes.push(JSON.parse(line) as Change),
    );
  }

  static async start(gateway: GatewayProcess): Promise<Witnesses> {
    const proxy = await TcpProxy.start(gateway.port);
    const url = `http://127.0.0.1:${proxy.port}`;
    const python = startProcess(PYTHON, ['-m', 'tests.liveness_witness', url], {
      cwd: PYTHON_CLIENTS,
      env: { PATH: process.env.PATH, PYTHONPATH: 'src', PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return new Witnesses(proxy, await CheckedClient.connect(url), python);
  }

  /** The time at which each client has said last that it has this health, by its name. */
  async all(health: Health): Promise<Map<string, number>> {
    const last = (): Map<string, Change> => new Map(this.changes.map((change) => [change.client, change]));
    await waitFor(
      () => last().size === 3 && [...last().values()].every((change) => change.health === health),
      () => `not all are ${health}: ${JSON.stringify(this.changes)}`,
      40_000,
    );
    return new Map([...last()].map(([client, { at }]) => [client, at]));
  }

  /** Makes every client send a request. */
  ask(): void {
    this.typescript.client.subscribe({ type: 'product', symbol: `ASKED${this.asked++}` });
    this.python.stdin!.write('\n');
  }
}

async function setUp(env: Record<string, string> = {}) {
  const redis = await RedisServer.start();
  const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ...env });
  const witnesses = await Witnesses.start(gateway);
  return { redis, gateway, witnesses };
}

interface Fault {
  readonly name: string;
  readonly cause: () => unknown;
  readonly mend: () => unknown;
}

/** Causes a fault, checks that every client notices it in time, and that all recover from it. */
async function noticed(
  witnesses: Witnesses,
  health: Health,
  { name, cause, mend }: Fault,
  recovered: Health = 'live',
): Promise<void> {
  let late: readonly unknown[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    const began = Date.now();
    cause();
    const times = [...(await witnesses.all(health))].map(
      ([client, at]) => [client, Math.round(at - began)] as const,
    );
    process.stderr.write(`${name} was noticed after, ms: ${JSON.stringify(Object.fromEntries(times))}\n`);
    mend();
    await witnesses.all(recovered);
    late = times.filter(([, ms]) => ms > WITHIN_MS);
    if (late.length === 0) break;
  }
  expect(late).toEqual([]);
}

it('tells a dead connection from a dead feed, and recovers from both', async () => {
  const { redis, gateway, witnesses } = await setUp();
  const { proxy } = witnesses;
  await witnesses.all('live');

  /** An attempt to connect that has lost its answer would wait for its own timeout. */
  const mendAndCut = () => {
    proxy.mend();
    proxy.cut();
    proxy.mend();
  };

  await noticed(witnesses, 'disconnected', {
    name: 'a cut connection',
    cause: () => proxy.cut(),
    mend: () => proxy.mend(),
  });
  await noticed(witnesses, 'disconnected', {
    name: 'a path that loses what the gateway sends',
    cause: () => proxy.drop('responses'),
    mend: mendAndCut,
  });
  await noticed(witnesses, 'disconnected', {
    name: 'a path that loses what clients send',
    cause: () => {
      proxy.drop('requests');
      witnesses.ask();
    },
    mend: mendAndCut,
  });
  await noticed(witnesses, 'feed_down', {
    name: 'a frozen Redis',
    cause: () => redis.freeze(),
    mend: () => redis.thaw(),
  });
  await noticed(witnesses, 'disconnected', {
    name: 'a frozen replica',
    cause: () => process.kill(gateway.pid, 'SIGSTOP'),
    mend: () => process.kill(gateway.pid, 'SIGCONT'),
  });
}, 480_000);

it('notices a blocked event loop of the gateway', async () => {
  const { gateway, witnesses } = await setUp({ NODE_OPTIONS: `--require ${FAULTS}`, FAULT: 'hang' });
  await witnesses.all('live');
  await noticed(witnesses, 'disconnected', {
    name: 'a blocked event loop',
    cause: () => process.kill(gateway.pid, 'SIGUSR2'),
    mend: () => undefined, // it ends by itself
  });
}, 240_000);

it('tells a closed market from a dead connection', async () => {
  const { witnesses } = await setUp({ MARKET_HOURS: closedMarket() });
  await witnesses.all('market_closed');
  await noticed(
    witnesses,
    'disconnected',
    {
      name: 'a cut connection of a closed market',
      cause: () => witnesses.proxy.cut(),
      mend: () => witnesses.proxy.mend(),
    },
    'market_closed',
  );
}, 240_000);
