import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A public key that checks tokens, and the only algorithm it may be used for. */
export interface PublicKey {
  readonly algorithm: PublicKeyAlgorithm;
  readonly key: KeyObject;
}

type PublicKeyAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

const MIN_RSA_BITS = 2_048;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;

/**
 * Returns the text itself, or the content of the file with that path. In an environment variable,
 * line breaks may be written as \n.
 */
export function readPem(value: string): string {
  if (value.includes('-----BEGIN')) return value.replaceAll('\\n', '\n');
  try {
    return readFileSync(value.trim(), 'utf8');
  } catch {
    return value;
  }
}

/**
 * Reads the public keys of a PEM text. There may be several of them during a key rotation. The
 * algorithm follows from the key, never from the token.
 * @throws Error that says what is wrong, without any part of the text
 */
export function parsePublicKeys(pem: string): PublicKey[] {
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length === 0) throw new Error('it contains no PEM block');
  return blocks.map(([block, label = '']) => {
    // Node would derive the public key from a private one. Reject it, because the owner of the
    // private key can issue tokens, and the gateway should not be able to.
    if (label.includes('PRIVATE'))
      throw new Error('that is a private key, which only the issuer of the tokens should have');
    return publicKey(block);
  });
}

function publicKey(block: string): PublicKey {
  let key: KeyObject;
  try {
    key = createPublicKey(block);
  } catch {
    throw new Error('one of its PEM blocks is not a public key');
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (String(key.asymmetricKeyType)) {
    case 'rsa':
      if (modulusLength < MIN_RSA_BITS) throw new Error(`an RSA key must have at least ${MIN_RSA_BITS} bits`);
      return { algorithm: 'RS256', key };
    case 'ec':
      if (namedCurve !== 'prime256v1') throw new Error('an EC key must use the curve P-256');
      return { algorithm: 'ES256', key };
    case 'ed25519':
      return { algorithm: 'EdDSA', key };
    default:
      throw new Error('a key must be RSA, EC (P-256) or Ed25519');
  }
}
