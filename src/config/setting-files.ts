import { readFileSync } from 'node:fs';
import { messageOf } from '../common/message-of.js';

/**
 * Settings that may be in a file, which `NAME_FILE` names: the secrets, and what an operator
 * changes in a running gateway.
 */
export const FILE_SETTINGS = [
  'SECRET_KEY',
  'JWT_SECRET',
  'JWT_PUBLIC_KEY',
  'ADMIN_TOKEN',
  'REDIS_URL',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
  'LOG_LEVEL',
  'MARKET_HOLIDAYS',
] as const;

type Variables = Readonly<Record<string, string | undefined>>;

const isSet = (value: string | undefined): value is string => value !== undefined && value.trim() !== '';

/**
 * Reads the value of a setting from its file, without the line breaks at its end, which editors and
 * `echo` add.
 * @throws where the file cannot be read, or is empty
 */
export function readSettingFile(path: string): string {
  const value = readFileSync(path, 'utf8').replace(/[\r\n]+$/, '');
  if (value.trim() === '') throw new Error('it is empty');
  return value;
}

/** The settings that are in files, each with the path of its file. */
export function settingFiles(env: Variables): Map<(typeof FILE_SETTINGS)[number], string> {
  return new Map(
    FILE_SETTINGS.flatMap((name) => {
      const path = env[`${name}_FILE`];
      return isSet(path) ? [[name, path] as const] : [];
    }),
  );
}

/**
 * The variables, with the values of files in them, and a sentence for each file that cannot be
 * used.
 */
export function withFileValues(env: Variables): { readonly values: Variables; readonly problems: string[] } {
  const values: Record<string, string | undefined> = { ...env };
  const problems: string[] = [];
  for (const [name, path] of settingFiles(env)) {
    if (isSet(env[name])) {
      problems.push(`${name} and ${name}_FILE are both set: set only one of them.`);
      continue;
    }
    try {
      values[name] = readSettingFile(path);
    } catch (error) {
      problems.push(
        `${name}_FILE is ${JSON.stringify(path)}, but must be the path of a file with a value: ${messageOf(error)}.`,
      );
    }
  }
  return { values, problems };
}
