import { readFileSync } from 'node:fs';

/** Whether a setting is the path of a file with such a block; unset is as good. */
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

/** Of one with a passphrase too, which is refused with its certificate: there it is seen for what it is. */
export const isPrivateKeyFile = (value: unknown): boolean =>
  isFileWith(/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, value);
