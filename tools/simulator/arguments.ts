import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Arguments that are invalid or contradict each other. The message is a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * `parseArgs` of Node.js.
 * @throws UsageError
 */
export function readArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // The first sentence names the problem. The rest is advice about dashes.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message.split(/[.\n]/)[0]}; --help lists the options.`);
  }
}

export function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

export function number(name: string, text: string, min: number, max: number): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a number from ${min} to ${max}.`);
}

export function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}.`);
}

/** One of some words. */
export function oneOf<T extends string>(name: string, text: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new UsageError(`--${name} must be one of ${words.join(', ')}.`);
}

export const seed = (text: string): number => whole('seed', text, 0, 2 ** 32 - 1);

/** A longer duration would overflow a timer. */
const MAX_SECONDS = 2_000_000;

export const seconds = (name: string, text: string): number => number(name, text, 0.001, MAX_SECONDS);

/** Two durations in seconds with a colon between, such as `60:20`. Returns milliseconds. */
export function secondsPair(name: string, text: string): [number, number] {
  const values = text.split(':').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const [first = NaN, second = NaN] = values;
  const valid = (value: number) => value >= 0.001 && value <= MAX_SECONDS;
  if (values.length === 2 && valid(first) && valid(second)) return [first * 1000, second * 1000];
  throw new UsageError(
    `--${name} must be two numbers of seconds with a colon between, such as 60:20, each from 0.001 to ${MAX_SECONDS}.`,
  );
}
