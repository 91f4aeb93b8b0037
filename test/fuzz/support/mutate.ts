import type { Random } from './random.js';

/** Bytes with a special meaning for some parser. */
const TOKENS = [
  ...['\r\n', '\r\n\r\n', '\0', '\x1e', ':', ',', '-', '/', '"', '[', '{', '}', '__proto__', '_placeholder'],
  ...['\ufeff', '9'.repeat(20), '-1', '1e999', '%00', '%', '\\u0000', '\ud83d\ude00'],
].map((text) => Buffer.from(text));
const BAD_UTF8 = ['ff', 'c0af', 'eda080', 'f4908080', 'e228a1', '80'].map((hex) => Buffer.from(hex, 'hex'));

type Mutation = (random: Random, input: Buffer, other: Buffer) => Buffer;

const at = (random: Random, input: Buffer): number => random.below(input.length + 1);

const MUTATIONS: readonly Mutation[] = [
  function flipBits(random, input) {
    if (input.length === 0) return input;
    const copy = Buffer.from(input);
    for (let n = 1 + random.below(4); n > 0; n--) copy[random.below(copy.length)]! ^= 1 << random.below(8);
    return copy;
  },
  function truncate(random, input) {
    return input.subarray(0, at(random, input));
  },
  function duplicate(random, input) {
    const [from, to] = [at(random, input), at(random, input)].sort((a, b) => a - b);
    return Buffer.concat([input.subarray(0, to), input.subarray(from)]);
  },
  function cutOut(random, input) {
    const [from, to] = [at(random, input), at(random, input)].sort((a, b) => a - b);
    return Buffer.concat([input.subarray(0, from), input.subarray(to)]);
  },
  function splice(random, input, other) {
    return Buffer.concat([input.subarray(0, at(random, input)), other.subarray(at(random, other))]);
  },
  function insertToken(random, input) {
    const where = at(random, input);
    const token = random.pick(random.once(4) ? BAD_UTF8 : TOKENS);
    return Buffer.concat([input.subarray(0, where), token, input.subarray(where)]);
  },
  function overwrite(random, input) {
    const copy = Buffer.from(input);
    random.pick([...TOKENS, ...BAD_UTF8]).copy(copy, at(random, input));
    return copy;
  },
  function repeat(random, input) {
    return Buffer.concat(Array.from({ length: 2 + random.below(3) }, () => input));
  },
];

/** Changes a valid input in one to three ways. */
export function mutate(random: Random, input: Buffer, other: Buffer): Buffer {
  let result = input;
  for (let n = 1 + random.below(3); n > 0; n--) result = random.pick(MUTATIONS)(random, result, other);
  return result;
}
