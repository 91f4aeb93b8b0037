import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A key that tokens are checked with, and the one algorithm it is for. */
export interface PublicKey {
  readonly algorithm: PublicKeyAlgorithm;
  readonly key: KeyObject;
}

export type PublicKeyAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

const MIN_RSA_BITS = 2_048;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;

/** The text itself, or what is in the file of that name; the line breaks of an environment variable may be written as \n. */
export function readPem(value: string): string {
  if (value.includes('-----BEGIN')) return value.replaceAll('\\n', '\n');
  try {
    return readFileSync(value.trim(), 'utf8');
  } catch {
    return value;
  }
}

/**
 * The public keys of a PEM text: several while they are being changed. The algorithm follows from the key, never from the
 * token.
 * @throws Error saying what is wrong; nothing of the text is in it
 */
export function parsePublicKeys(pem: string): PublicKey[] {
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length === 0) throw new Error('there is no PEM block in it');
  return blocks.map(([block, label = '']) => {
    // Node would take the public half of it; but whoever holds it can make tokens, and should not have to be the gateway.
    if (label.includes('PRIVATE'))
      throw new Error('that is a private key, which belongs to the issuer alone');
    return publicKey(block);
  });
}

function publicKey(block: string): PublicKey {
  let key: KeyObject;
  try {
    key = createPublicKey(block);
  } catch {
    throw new Error('a block of it is no public key');
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (String(key.asymmetricKeyType)) {
    case 'rsa':
      if (modulusLength < MIN_RSA_BITS) throw new Error(`an RSA key must have ${MIN_RSA_BITS} bits at least`);
      return { algorithm: 'RS256', key };
    case 'ec':
      if (namedCurve !== 'prime256v1') throw new Error('an EC key must be of the curve P-256');
      return { algorithm: 'ES256', key };
    case 'ed25519':
      return { algorithm: 'EdDSA', key };
    default:
      throw new Error('a key must be RSA, EC (P-256) or Ed25519');
  }
}
