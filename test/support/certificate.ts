import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary-folder.js';

/** The paths of a self-signed certificate for 127.0.0.1 and of its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** The text of the certificate. A client that trusts it trusts the server. */
  readonly pem: string;
}

export async function makeCertificate(...more: readonly string[]): Promise<Certificate> {
  const folder = await temporaryFolder();
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=gateway'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', ...(more.length > 0 ? more : ['-nodes'])],
  ]);
  return { cert, key, pem: await readFile(cert, 'utf8') };
}

/** One that was valid for a day in 2020. Only `openssl ca` makes certificates of the past. */
export async function makeExpiredCertificate(): Promise<Certificate> {
  const folder = await temporaryFolder();
  const [cert, key, request] = ['tls.crt', 'tls.key', 'tls.csr'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const config = join(folder, 'ca.cnf');
  const lines = [
    '[ca]',
    'default_ca=d',
    '[d]',
    `new_certs_dir=${folder}`,
    `database=${folder}/index.txt`,
    `serial=${folder}/serial`,
  ];
  await writeFile(
    config,
    [...lines, 'default_md=sha256', 'policy=p', '[p]', 'commonName=supplied', ''].join('\n'),
  );
  await writeFile(join(folder, 'index.txt'), '');
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args);
  await openssl(
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', key, '-out', request, '-subj', '/CN=gateway'],
  );
  await openssl(
    ...['ca', '-batch', '-notext', '-create_serial', '-selfsign', '-config', config, '-keyfile', key],
    ...['-in', request, '-out', cert, '-startdate', '20200101000000Z', '-enddate', '20200102000000Z'],
  );
  return { cert, key, pem: await readFile(cert, 'utf8') };
}
