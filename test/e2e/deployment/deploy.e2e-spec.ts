import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Command } from '../../support/command.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, numberOf, underlying } from '../../support/messages.js';
import { Nginx, NGINX_CONF } from '../../support/nginx.js';
import { RedisServer } from '../../support/redis-server.js';
import { from, TestClient, TRANSPORTS } from '../../support/test-client.js';
import { freePort, waitFor } from '../../support/wait.js';

// There is no Docker engine where these tests run. They check the compose file, and run the
// services without Docker. image.e2e-spec.ts tests the image.

const ROOT = join(__dirname, '../../..');
const HEALTHCHECK = 'scripts/healthcheck.mjs';

const range = (n: number) => Array.from({ length: n }, (_, index) => index + 1);
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

async function answers(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}

describe('docker-compose.yml', () => {
  const services = new Map(
    read('docker-compose.yml')
      .split(/^services:\n/m)[1]!
      .split(/^ {2}(?=[a-z])/m)
      .map((block) => [block.slice(0, block.indexOf(':')), block.replace(/^\s*#.*\n/gm, '')]),
  );
  const service = (name: string) => services.get(name) ?? '';

  it('allows any number of gateways', () => {
    expect(service('socket-gateway')).toContain('build: .\n');
    expect(service('socket-gateway')).not.toMatch(/^ {4}(ports|container_name|hostname):/m);
    expect(service('socket-gateway')).toMatch(/redis:\n {8}condition: service_healthy/);
    expect(service('redis')).toContain('healthcheck:');
    expect(service('redis')).not.toContain('volumes:');
  });

  it('runs the gateway and the simulator from the same image, with the same Redis', () => {
    const line = (name: string, key: string) => new RegExp(` ${key}: (.*)`).exec(service(name))?.[1];
    for (const key of ['REDIS_URL', 'image']) {
      expect([key, line('simulator', key)]).toEqual([key, line('socket-gateway', key)]);
    }
    expect(line('simulator', 'REDIS_URL')).toBe('redis://redis:6379/0');
    const file = /command: \['node', '(.*)'\]/.exec(service('simulator'))![1]!;
    expect(existsSync(join(ROOT, file))).toBe(true);
  });

  it('runs nginx as its configuration expects', () => {
    const conf = readFileSync(NGINX_CONF, 'utf8');
    expect(service('nginx')).toContain('./deploy/nginx/nginx.conf:/etc/nginx/nginx.conf:ro');
    expect(service('nginx')).toContain(`:${/listen (\d+);/.exec(conf)![1]}'`);
    expect(services.has(/server ([a-z-]+):8002 /.exec(conf)![1]!)).toBe(true);
    // `consistent` would pick the addresses of one name in turn. The tests below use two names and
    // cannot detect that.
    expect(conf).toMatch(/^\s*hash \$affinity;$/m);
  });
});

describe('nginx in front of two replicas', () => {
  let redis: RedisServer;
  let replicas: GatewayProcess[];
  let url: string;

  beforeAll(async () => {
    redis = await RedisServer.start();
    replicas = await Promise.all([1, 2].map(() => GatewayProcess.start({ REDIS_URL: redis.url })));
    ({ url } = await Nginx.start(replicas.map((replica) => replica.port)));
    await waitFor(() => answers(`${url}/health`));
  }, 180_000);

  const clients: TestClient[] = [];
  afterEach(() => clients.splice(0).forEach((client) => client.close()));

  async function connect(transport: string, address = '127.0.0.1'): Promise<TestClient> {
    const client = await TestClient.connect(url, { ...TRANSPORTS[transport], ...from(address) });
    clients.push(client);
    return client;
  }
  const addresses = range(16).map((n) => `127.0.0.${n}`);

  async function replicaOf(client: TestClient): Promise<GatewayProcess> {
    const connected = (replica: GatewayProcess) =>
      replica.logs.some(({ msg, client_id }) => msg === 'client_connected' && client_id === client.socket.id);
    await waitFor(() => replicas.some(connected));
    return replicas.find(connected)!;
  }

  it('each client receives each update once and in order, over any transport', async () => {
    const transports = Object.keys(TRANSPORTS);
    await Promise.all(
      transports.flatMap((transport) => addresses.slice(0, 4).map((address) => connect(transport, address))),
    );
    for (const client of clients) await client.ask('subscribe', { type: 'product', symbol: 'NIFTY' });
    for (const client of clients) await client.ask('subscribe', { type: 'chain', symbol: 'NIFTY' });
    for (const n of range(100)) {
      void redis.client.publish('enriched:underlying', JSON.stringify(underlying('NIFTY', n)));
      void redis.client.publish('enriched:option_chain', JSON.stringify(chain('NIFTY', n)));
    }
    for (const client of clients) {
      for (const event of ['underlying_update', 'chain_summary', 'chain_update'] as const) {
        await client.next(event, 100);
        // a duplicate that is still in flight would arrive before this returns
        await client.settled();
        expect(client.all(event).map(numberOf)).toEqual(range(100));
      }
      expect(client.disconnects).toEqual([]);
    }
    const used = new Set(await Promise.all(clients.map(replicaOf)));
    expect(used.size).toBe(2);
    const travels = clients.map((client) => client.socket.io.engine.transport.name);
    expect(travels.filter((name) => name === 'polling')).toHaveLength(4);
    expect(travels.filter((name) => name === 'websocket')).toHaveLength(4 * (transports.length - 1));
  });

  it('polling sessions of one address share a replica, and those of many addresses use all replicas', async () => {
    const used = new Set<GatewayProcess>();
    for (const address of addresses) {
      const transports = ['polling', 'polling', 'polling that upgrades'];
      const connected = await Promise.all(transports.map((transport) => connect(transport, address)));
      const [first, ...others] = await Promise.all(connected.map(replicaOf));
      expect(others).toEqual([first, first]);
      used.add(first!);
    }
    expect(used.size).toBe(2);
  });

  it('WebSocket clients of one address use all replicas', async () => {
    await Promise.all(range(24).map(() => connect('websocket')));
    expect(new Set(await Promise.all(clients.map(replicaOf))).size).toBe(2);
  });

  it('nginx accepts requests as large as the gateway does', async () => {
    const client = await connect('polling');
    client.contract.sendsInvalid = true;
    const answer = await client.ask('subscribe', { type: 'product', symbol: 'A'.repeat(65_000) });
    expect(answer).toMatchObject({ ok: false, error: { code: 'INVALID_SYMBOL' } });
    expect(client.disconnects).toEqual([]);
  });

  it('an upgrade that no replica accepts takes no replica out of service', async () => {
    const client = await connect('polling');
    const headers = { connection: 'upgrade', upgrade: 'websocket' };
    const refused = request(`${url}/not-socket.io`, { headers }).end();
    const [response] = (await once(refused, 'response')) as [{ statusCode: number; destroy(): void }];
    expect(response.statusCode).toBe(404);
    response.destroy();
    await client.settled();
    // Sent at the same time, and so over several connections: each nginx worker tracks the state of
    // replicas itself.
    const healthy = await Promise.all(range(40).map(() => answers(`${url}/health`)));
    expect(healthy).not.toContain(false);
    expect(client.disconnects).toEqual([]);
  });

  it('with one replica down, the other serves all clients', async () => {
    await replicas[0]!.stop('SIGKILL');
    for (const address of addresses.slice(0, 6)) {
      for (const transport of Object.keys(TRANSPORTS)) {
        const client = await connect(transport, address);
        await client.settled();
        expect(await replicaOf(client)).toBe(replicas[1]);
      }
    }
  });
});

it.each(Object.keys(TRANSPORTS))(
  "nginx sends a client (%s) past a replica that rejects it, on the client's first attempt",
  async (transport) => {
    const redis = await RedisServer.start();
    const full = await GatewayProcess.start({ REDIS_URL: redis.url, MAX_CONNECTIONS: '1' });
    await TestClient.connect(full.url);
    const other = await GatewayProcess.start({ REDIS_URL: redis.url });
    const { url } = await Nginx.start([full.port, other.port]);
    const clients = await Promise.all(
      range(12).map((n) => TestClient.connect(url, { ...TRANSPORTS[transport], ...from(`127.0.0.${n}`) })),
    );
    await Promise.all(clients.map((client) => client.settled()));
    expect(await other.metric('socket_gateway_connections')).toBe(12);
    expect(
      await full.metric('socket_gateway_handshakes_refused_total{reason="max_connections"}'),
    ).toBeGreaterThan(0);
    expect(clients.flatMap(({ disconnects }) => disconnects)).toEqual([]);
  },
);

describe('scripts/healthcheck.mjs', () => {
  const check = async (port: number) => {
    const command = Command.spawn(process.execPath, [join(ROOT, HEALTHCHECK)], {
      env: { PORT: `${port}` },
    });
    return { code: await command.exit(), said: command.output };
  };

  it('returns 0 for a running gateway with or without Redis, and 1 for one that hangs', async () => {
    const gateway = await GatewayProcess.start({ REDIS_URL: `redis://127.0.0.1:${await freePort()}/0` });
    expect(await check(gateway.port)).toEqual({ code: 0, said: '' });

    process.kill(gateway.pid, 'SIGSTOP');
    const limit = /TIMEOUT_MS = ([\d_]+);/.exec(read(HEALTHCHECK))![1]!.replaceAll('_', '');
    const patience = Number(/--timeout=(\d+)s/.exec(read('Dockerfile'))![1]);
    expect(Number(limit)).toBeLessThan(patience * 1_000);
    expect(await check(gateway.port)).toEqual({
      code: 1,
      said: expect.stringContaining(`did not answer: it took more than ${limit} ms`),
    });
    process.kill(gateway.pid, 'SIGCONT');
    expect(await check(gateway.port)).toEqual({ code: 0, said: '' });
  });

  it('returns 1 if nothing listens', async () => {
    expect(await check(await freePort())).toEqual({ code: 1, said: expect.stringContaining('ECONNREFUSED') });
  });
});
