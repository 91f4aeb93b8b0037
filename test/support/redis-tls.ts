import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endRedisClient, redisClient } from './redis-client.js';
import { RedisServer } from './redis-server.js';
import { temporaryFolder } from './temporary-folder.js';
import { freePort } from './wait.js';

const run = promisify(execFile);

/**
 * A Redis that accepts TLS connections in addition to the test's plain ones, with a certificate of
 * its own authority.
 */
export interface TlsRedis {
  readonly server: RedisServer;
  readonly url: string;
  /** The path of the authority's certificate. */
  readonly ca: string;
}

export async function startTlsRedis(): Promise<TlsRedis> {
  const dir = await temporaryFolder();
  const file = (name: string) => join(dir, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = [
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  ];
  await run('openssl', ['req', '-x509', ...newKey, ...authority]);
  await run('openssl', [
    'req',
    ...newKey,
    '-keyout',
    file('key.pem'),
    '-out',
    file('csr.pem'),
    '-subj',
    '/CN=redis',
  ]);
  await writeFile(file('names'), 'subjectAltName=IP:127.0.0.1\n');
  const signing = [
    '-CA',
    file('ca.pem'),
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-extfile',
    file('names'),
  ];
  await run('openssl', [
    'x509',
    '-req',
    '-in',
    file('csr.pem'),
    ...signing,
    '-days',
    '2',
    '-out',
    file('cert.pem'),
  ]);

  const port = await freePort();
  const server = await RedisServer.start([
    ...['--tls-port', `${port}`, '--tls-auth-clients', 'no'],
    ...[
      '--tls-cert-file',
      file('cert.pem'),
      '--tls-key-file',
      file('key.pem'),
      '--tls-ca-cert-file',
      file('ca.pem'),
    ],
  ]);
  const tls = redisClient({ host: '127.0.0.1', port, tls: { ca: await readFile(file('ca.pem')) } });
  await tls.ping();
  endRedisClient(tls);
  return { server, url: `rediss://127.0.0.1:${port}/0`, ca: file('ca.pem') };
}
