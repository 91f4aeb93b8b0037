import { X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { ManagerOptions } from 'socket.io-client';
import { type Certificate, makeCertificate } from '../../support/certificate.js';
import { cleanUp } from '../../support/cleanup.js';
import { Command } from '../../support/command.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, numberOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, UNDERLYING } from '../../support/platform.js';
import { RawHttp } from '../../support/raw-http.js';
import { RedisServer } from '../../support/redis-server.js';
import { SseClient } from '../../support/sse-client.js';
import { TestClient, TRANSPORTS, UNCOMPRESSED } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const HEALTHCHECK = join(__dirname, '../../../scripts/healthcheck.mjs');

let redis: RedisServer;
let certificate: Certificate;
beforeAll(async () => {
  redis = await RedisServer.start();
  certificate = await makeCertificate();
});

const start = (env: Record<string, string> = {}) =>
  GatewayProcess.start({
    REDIS_URL: redis.url,
    TLS_CERT: certificate.cert,
    TLS_KEY: certificate.key,
    ADMIN_PORT: '0',
    ...env,
  });

const urlOf = ({ port }: GatewayProcess) => `https://127.0.0.1:${port}`;

/** The client passes this option to Node's TLS, although its type describes the browser's. */
const trusting = (pem: string, options: Partial<ManagerOptions> = TRANSPORTS.websocket!) =>
  ({ ...options, ca: pem }) as Partial<ManagerOptions>;

async function handshake(gateway: GatewayProcess, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const { port } = gateway;
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    cleanUp(() => void socket.destroy());
    socket.once('secureConnect', () => resolve(socket)).once('error', reject);
  });
}

const fingerprint = async (gateway: GatewayProcess): Promise<string> => {
  const socket = await handshake(gateway);
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
};

async function metricOf(gateway: GatewayProcess, name: string): Promise<number> {
  const response = await fetch(`${gateway.adminUrl}/metrics`, { headers: { accept: 'text/plain' } });
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(await response.text())?.[1]);
}

/** Seconds since the epoch. */
const endOf = (pem: string) => Date.parse(new X509Certificate(pem).validTo) / 1_000;

it.each([...Object.entries(TRANSPORTS), ['websocket without compression', UNCOMPRESSED] as const])(
  'sends updates to a stock client over TLS: %s',
  async (name, options) => {
    const product = name.replace(/\W/g, '').toUpperCase();
    const gateway = await start();
    expect(gateway.logged('socket_gateway_listening')).toMatchObject({ tls: true });
    const client = await TestClient.connect(urlOf(gateway), trusting(certificate.pem, options));
    await client.ask('subscribe', { type: 'chain', symbol: product, expiry: EXPIRY });
    const stream = await SseClient.open(urlOf(gateway), `rooms=product:${product},chain:${product}`, {
      ca: certificate.pem,
    });
    await stream.next('subscribed', 2);
    const numbers = Array.from({ length: 50 }, (_unused, n) => n + 1);
    for (const n of numbers) {
      await redis.client.publish(UNDERLYING, JSON.stringify(underlying(product, n)));
      // One update has 500 KB: more than a TLS record may contain, and more than a socket accepts
      // at once.
      const large = { ...chain(product, n), padding: 'x'.repeat(n === 25 ? 500_000 : 2_000) };
      await redis.client.publish(OPTION_CHAIN, JSON.stringify(large));
    }
    for (const event of ['underlying_update', 'chain_update', 'chain_summary'] as const) {
      await client.next(event, numbers.length);
      await client.settled();
      expect(client.all(event).map(numberOf)).toEqual(numbers);
    }
    for (const event of ['underlying_update', 'chain_update']) {
      await stream.next(event, numbers.length);
      expect(stream.all(event).map(({ data }) => numberOf(data as object))).toEqual(numbers);
    }
    stream.close();
    expect(client.disconnects).toEqual([]);
    const metric = (name: string) => metricOf(gateway, name);
    // The engine used its fast path straight to the TLS socket, and compressed if that was agreed
    // on.
    expect(await metric('socket_gateway_fanout_degraded')).toBe(0);
    const compressed = options !== UNCOMPRESSED && client.socket.io.engine.transport.name === 'websocket';
    const saved = await metric('socket_gateway_deflate_saved_bytes_total');
    expect(saved > 400_000).toBe(compressed);
    client.close();
    expect(await gateway.stop()).toBe(0);
  },
);

it('serves HTTP only over TLS, and the admin port only plain HTTP', async () => {
  const gateway = await start();
  const socket = await handshake(gateway);
  socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  await expect(gateway.get('/health/live')).rejects.toThrow();
  expect((await fetch(`${gateway.adminUrl}/health/live`)).status).toBe(200);
});

it.each(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const)('%s', async (version) => {
  const gateway = await start();
  const attempt = handshake(gateway, {
    minVersion: version,
    maxVersion: version,
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  if (version < 'TLSv1.2') await expect(attempt).rejects.toThrow(/protocol version|unsupported/i);
  else expect((await attempt).getProtocol()).toBe(version);
});

/**
 * This connection stays silent while the other tests run, because the gateway closes it only after
 * ten seconds.
 */
let silent: Promise<RawHttp>;
beforeAll(() => void (silent = start().then((gateway) => RawHttp.connect(urlOf(gateway)))));

it('uses a renewed certificate without a restart, and keeps its clients', async () => {
  const renewed = await makeCertificate('-nodes', '-days', '9');
  const gateway = await start();
  const client = await TestClient.connect(urlOf(gateway), trusting(certificate.pem));
  const before = await fingerprint(gateway);
  const ends = () => metricOf(gateway, 'socket_gateway_certificate_expires_timestamp_seconds');
  expect(await ends()).toBe(endOf(certificate.pem));

  // As cert-manager does: each file is replaced atomically, one after the other.
  const { cert, key } = certificate;
  const replace = async (path: string, from: string) => {
    await writeFile(`${path}.new`, await readFile(from));
    await rename(`${path}.new`, path);
  };
  await replace(cert, renewed.cert);
  await waitFor(() => gateway.logged('tls_certificate_not_renewed'), 'it saw nothing', 30_000);
  expect(await fingerprint(gateway)).toBe(before);
  await replace(key, renewed.key);
  await waitFor(() => gateway.logged('tls_certificate_renewed'), 'it was not renewed', 30_000);
  expect(await fingerprint(gateway)).not.toBe(before);
  expect(await ends()).toBe(endOf(renewed.pem));
  expect(endOf(renewed.pem)).toBeGreaterThan(endOf(certificate.pem));
  await expect(handshake(gateway, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow();

  const late = await TestClient.connect(urlOf(gateway), trusting(renewed.pem));
  await late.settled();
  await client.settled();
  expect(client.disconnects).toEqual([]);
  expect(await gateway.stop()).toBe(0);
  certificate = { ...renewed, cert, key };
});

it('passes its health check over TLS, whatever name its certificate has', async () => {
  const gateway = await start();
  const env = { PORT: `${gateway.port}`, TLS_CERT: certificate.cert, TLS_KEY: certificate.key };
  const check = Command.spawn(process.execPath, [HEALTHCHECK], { env });
  expect([await check.exit(), check.output]).toEqual([0, '']);
  process.kill(gateway.pid, 'SIGSTOP');
  const hanging = Command.spawn(process.execPath, [HEALTHCHECK], { env });
  expect([await hanging.exit(), hanging.output]).toEqual([1, expect.stringContaining('did not answer')]);
  process.kill(gateway.pid, 'SIGCONT');
});

it('closes a connection that starts no handshake', async () => {
  const { tcp } = await silent;
  await waitFor(() => tcp.closed, 'it is still open', 20_000);
});

describe('a start that cannot succeed', () => {
  it.each([
    [
      'a certificate alone',
      () => ({ TLS_CERT: certificate.cert }),
      'TLS_CERT and TLS_KEY must both be set or neither',
    ],
    ['a key alone', () => ({ TLS_KEY: certificate.key }), 'TLS_CERT and TLS_KEY must both be set or neither'],
    [
      'a file that does not exist',
      () => ({ TLS_CERT: '/nowhere/tls.crt', TLS_KEY: certificate.key }),
      'TLS_CERT is "/nowhere/tls.crt", but must be the path of a file with a certificate in PEM form.',
    ],
    [
      'swapped files',
      () => ({ TLS_CERT: certificate.key, TLS_KEY: certificate.cert }),
      'but must be the path of a file with a private key in PEM form.',
    ],
    [
      "another certificate's key",
      async () => ({ TLS_CERT: certificate.cert, TLS_KEY: (await makeCertificate()).key }),
      'but must be the private key of the certificate in TLS_CERT',
    ],
    [
      'a key with a passphrase',
      async () => {
        const { cert, key } = await makeCertificate('-passout', 'pass:hunter2');
        return { TLS_CERT: cert, TLS_KEY: key };
      },
      'without a passphrase.',
    ],
  ])('%s', async (_, env, says) => {
    const given: Record<string, string> = await env();
    const gateway = GatewayProcess.spawn({ REDIS_URL: redis.url, ...given });
    expect(await gateway.exit()).toBe(1);
    await waitFor(() => gateway.stderr.endsWith('\n'));
    expect(gateway.stderr).toContain(says);
    expect(gateway.stderr).not.toMatch(/PRIVATE KEY|hunter2/);
  });
});
