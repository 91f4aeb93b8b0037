import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/**
 * The paths of two PEM files: the certificate with its intermediate certificates, and its private
 * key.
 */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** The contents of both files. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** @throws Error if a file cannot be read */
export function readTlsPair(files: TlsFiles): TlsPair {
  return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
}

/** Like {@link readTlsPair}, without blocking the event loop. */
export async function loadTlsPair(files: TlsFiles): Promise<TlsPair> {
  const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
  return { cert, key };
}

/**
 * Returns true if a server can use the pair: both are PEM, the key has no passphrase, and it
 * belongs to the certificate.
 */
export function isTlsPair({ cert, key }: TlsPair): boolean {
  try {
    createSecureContext({ cert, key }); // this accepts empty texts, which the next line rejects
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
