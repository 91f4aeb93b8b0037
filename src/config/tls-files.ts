import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** Paths of PEM files: a certificate, with those between it and the authority behind it, and its private key. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** What is in them. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** @throws where a file cannot be read */
export function readTlsPair(files: TlsFiles): TlsPair {
  return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
}

/** The same without holding up the event loop. */
export async function loadTlsPair(files: TlsFiles): Promise<TlsPair> {
  const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
  return { cert, key };
}

/** Whether a server can be made of them: both are PEM, the key has no passphrase and is the certificate's. */
export function isTlsPair({ cert, key }: TlsPair): boolean {
  try {
    createSecureContext({ cert, key }); // which takes empty ones, too
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
