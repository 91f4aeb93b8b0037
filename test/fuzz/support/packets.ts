import fc from 'fast-check';
import type { Random } from './random.js';

/** Names with a special meaning in JavaScript, Node's emitters or Socket.IO. */
const HOSTILE_NAMES = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'then', 'length'],
  ...['connect', 'connect_error', 'connected', 'disconnect', 'disconnecting', 'error', 'newListener'],
  ...['removeListener', 'underlying_update', 'admin', 'general', 'portfolio:1', '', '\0', '*', '/', 'null'],
];
const EVENTS = [
  ...['subscribe', 'unsubscribe', 'get_products', 'list_subscriptions', 'get_snapshot', 'refresh_token'],
];
const FIELDS = ['type', 'symbol', 'symbols', 'expiry', 'token', 'view', 'replace'];
const TYPES = ['product', 'chain', 'general'];
const VIEWS = [
  ...[
    {},
    { mode: 'ltp' },
    { mode: 'quote', strikes: 10, max_rate: 2 },
    { max_rate: 0.2 },
    { max_rate: 1e308 },
  ],
  ...[{ mode: '__proto__' }, { strikes: -1 }, { max_rate: {} }, { mode: 'full', strikes: 9e15 }, [], 'quote'],
];
/** Only a few values, so that inputs meet the state that others have left behind. */
const SYMBOLS = ['NIFTY', 'M&M', 'BAJAJ-AUTO', 'A', 'B', 'C'];
const NUMBERS = ['0', '-1', '1e999', '9007199254740993', '4294967296', '9'.repeat(400), '1.5', '+1', '0x10'];
/** Values for an Authorization header or a handshake. None of them is valid. */
const TOKENS = [
  ...[
    '',
    'x',
    '..',
    'a.b.c',
    'eyJhbGciOiJub25lIn0.e30.',
    'eyJhbGciOiJIUzI1NiJ9.e30.AAAA',
    '\0',
    'eyI.'.repeat(2_000),
  ],
  ...['eyJhbGciOiJIUzI1NiIsImNyaXQiOlsieCJdLCJ4IjoxfQ.e30.AAAA', `${'A'.repeat(8_190)}.e30.x`],
];
/** Deeper than any recursion can handle. */
const DEEP = 100_000;

/**
 * JSON of every kind that fast-check generates, created once from a seed. Inputs contain parts of
 * it.
 */
export function arbitraryJson(seed: number, count: number): readonly string[] {
  const value = fc.anything({ withBigInt: false, withDate: true, withNullPrototype: true, maxDepth: 4 });
  const request = fc.record(
    {
      type: fc.oneof(fc.constantFrom(...TYPES), fc.anything({ maxDepth: 1 })),
      symbol: fc.oneof(fc.constantFrom(...SYMBOLS), fc.string(), fc.anything({ maxDepth: 1 })),
      symbols: fc.oneof(fc.array(fc.string()), fc.array(fc.constantFrom(...SYMBOLS)), fc.anything()),
      expiry: fc.oneof(fc.constant('2026-11-26'), fc.string(), fc.anything({ maxDepth: 1 })),
      view: fc.oneof(fc.constantFrom(...VIEWS), fc.anything({ maxDepth: 2 })),
      replace: fc.oneof(fc.boolean(), fc.anything({ maxDepth: 1 })),
      token: fc.oneof(fc.string(), fc.anything({ maxDepth: 1 })),
    },
    { requiredKeys: [] },
  );
  const json = fc.oneof(
    fc.json(),
    fc.oneof(request, value).map((candidate) => {
      try {
        return JSON.stringify(candidate) ?? 'null';
      } catch {
        return 'null'; // it has its own toJSON, or contains a bigint
      }
    }),
  );
  return fc.sample(json, { numRuns: count, seed });
}

/** A Socket.IO packet on an engine.io connection: its text, and the binary messages that follow. */
export interface PacketInput {
  readonly text: string;
  readonly attachments: readonly Buffer[];
}

/** Generates Socket.IO packets. Some are valid, and most are almost valid. */
export class PacketGenerator {
  constructor(private readonly jsons: readonly string[]) {}

  next(random: Random): PacketInput {
    const kind = random.below(40);
    // Most packets are events, because the other types often end the connection, and the next input
    // then needs a new one.
    if (kind < 29) return plain(this.event(random, '2'));
    if (kind < 34) return this.binary(random);
    if (kind === 34) return plain(`3${id(random)}${random.pick(['[]', '{}', '', '[1]', this.json(random)])}`);
    if (kind === 35) {
      const auth = `{"token":${JSON.stringify(random.pick(TOKENS))}}`;
      return plain(`0${namespace(random)}${random.pick(['', '{}', this.json(random), auth])}`);
    }
    if (kind === 36) return plain(`1${namespace(random)}${random.pick(['', '', this.json(random)])}`);
    if (kind === 37) return plain(`4${namespace(random)}${this.json(random)}`);
    if (kind === 38) return plain(`${random.below(12)}${this.json(random)}`);
    return plain(random.pick(HOSTILE_NAMES) + this.json(random));
  }

  private event(random: Random, type: string): string {
    const args = Array.from({ length: random.pick([0, 1, 1, 1, 1, 1, 2, 5]) }, () => this.payload(random));
    const nsp = random.once(20) ? namespace(random) : '';
    return `${type}${nsp}${id(random)}[${[name(random), ...args].join(',')}]`;
  }

  private binary(random: Random): PacketInput {
    const count = random.pick([1, 1, 1, 2, 10]);
    const named = random.once(6) ? random.pick(['0', '-1', '11', 'x', '', '1e1', '99999999999']) : `${count}`;
    const num = random.once(6) ? random.pick(['-1', '"__proto__"', '1e9', 'null', '99', '{}']) : '0';
    const placeholder = `{"_placeholder":true,"num":${num}}`;
    const value = random.pick([
      placeholder,
      `{"type":${placeholder},"symbol":"A"}`,
      `{"type":"product","symbols":[${placeholder}]}`,
      `{"__proto__":${placeholder},"toString":${placeholder}}`,
      random.once(20) ? nested(random) : this.json(random),
    ]);
    const sent = random.once(6) ? random.below(4) : count;
    return {
      text: `${random.pick(['5', '5', '5', '5', '6'])}${named}-${id(random)}[${name(random)},${value}]`,
      attachments: Array.from({ length: sent }, () => random.bytes(random.below(40))),
    };
  }

  private payload(random: Random): string {
    const kind = random.below(40);
    if (kind === 0) return nested(random);
    if (kind === 1) return `[${Array.from({ length: 5_000 }, () => random.pick(NUMBERS)).join()}]`;
    if (kind < 18) return this.json(random);
    return this.request(random);
  }

  /** A subscription with any number of errors. */
  private request(random: Random): string {
    const entries = [
      ['type', JSON.stringify(random.pick(TYPES))],
      ['symbol', JSON.stringify(random.pick(SYMBOLS))],
    ];
    for (let n = random.below(4); n > 0; n--) {
      const field = random.pick([...FIELDS, ...FIELDS, ...HOSTILE_NAMES]);
      const value = random.pick([
        JSON.stringify(random.pick(HOSTILE_NAMES)),
        JSON.stringify(random.pick(SYMBOLS)),
        JSON.stringify([random.pick(SYMBOLS), random.pick(HOSTILE_NAMES)]),
        `{"type":"product","symbol":"A","__proto__":{"symbol":"B"}}`,
        random.pick(NUMBERS),
        this.json(random),
      ]);
      entries.push([field, value]);
    }
    return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`;
  }

  private json(random: Random): string {
    return random.pick(this.jsons);
  }
}

const plain = (text: string): PacketInput => ({ text, attachments: [] });

/** Real event names, and names such as `__proto__`, as arguments. */
function name(random: Random): string {
  return JSON.stringify(random.once(8) ? random.pick(HOSTILE_NAMES) : random.pick(EVENTS));
}

function id(random: Random): string {
  if (random.once(12)) return random.pick([...NUMBERS, ' ', '१']);
  return random.pick(['', '', '0', '1', '7', '9007199254740993', '9'.repeat(400)]);
}

function namespace(random: Random): string {
  return random.pick([
    '',
    '/,',
    '/',
    `/${random.pick(HOSTILE_NAMES)},`,
    '/a?token=x,',
    `/${'n'.repeat(3_000)},`,
  ]);
}

function nested(random: Random): string {
  const depth = random.once(6) ? DEEP : random.pick([100, 1_000, 5_000]);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"__proto__":', '}'],
  ] as const);
  return open.repeat(depth) + (random.once(4) ? '' : `1${close.repeat(depth)}`);
}
