import { readFileSync } from 'node:fs';

/** Returns true if the setting is unset, or is the path of a file that contains such a block. */
function isFileWith(block: RegExp, value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'string') return false;
  try {
    return block.test(readFileSync(value, 'utf8'));
  } catch {
    return false;
  }
}

export const isCertificateFile = (value: unknown): boolean =>
  isFileWith(/-----BEGIN CERTIFICATE-----/, value);

/**
 * Also accepts a key with a passphrase. The check of the pair rejects it later, with a message that
 * names the passphrase.
 */
export const isPrivateKeyFile = (value: unknown): boolean =>
  isFileWith(/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, value);
