import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
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
