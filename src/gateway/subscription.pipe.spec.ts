import 'reflect-metadata';
import fc from 'fast-check';
import { loadConfig } from '../config/gateway-config.js';
import {
  ERROR_CODES,
  isExpiry,
  isSymbol,
  hasSymbol,
  SUBSCRIPTION_TYPES,
  SYMBOL_RULE,
} from '../contract/index.js';
import { RequestError } from './request-error.js';
import { SubscriptionDto } from './subscription.dto.js';
import { SubscriptionPipe } from './subscription.pipe.js';

const config = loadConfig({ MAX_SYMBOLS_PER_REQUEST: '5' });
const pipe = new SubscriptionPipe(config);

const SYMBOL = fc.constantFrom('NIFTY', 'M&M', 'BAJAJ-AUTO');
const almost = fc.record(
  {
    type: fc.oneof(fc.constantFrom(...SUBSCRIPTION_TYPES), fc.anything()),
    symbol: fc.oneof(SYMBOL, fc.string(), fc.anything()),
    symbols: fc.oneof(fc.array(SYMBOL), fc.array(fc.anything()), fc.anything()),
    expiry: fc.oneof(fc.constantFrom('2026-11-26', null), fc.string(), fc.anything()),
    every_ms: fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.constant(null), fc.anything()),
    toString: fc.anything(),
    hasOwnProperty: fc.anything(),
  },
  { requiredKeys: [] },
);
/** Values that JSON can contain, including `__proto__`, and values that it cannot. */
const anything = fc.oneof(
  almost,
  fc.json().map((text) => JSON.parse(text) as unknown),
  almost.map((request) => JSON.parse(`{"__proto__":${JSON.stringify(request) ?? '1'}}`) as unknown),
  fc.anything({ withBigInt: true, withMap: true, withTypedArray: true, withNullPrototype: true }),
);

const SYMBOLS = ['A', 'B', 'C', 'D', 'E'];

describe('SubscriptionPipe', () => {
  it.each([
    ['accepts as many symbols as the limit', SYMBOLS, undefined, undefined],
    [
      'counts symbol as one of the symbols',
      SYMBOLS,
      'F',
      'must name at most 5 symbols, counting symbol; split the request',
    ],
    ['accepts symbol together with symbols', SYMBOLS.slice(1), 'A', undefined],
    ['rejects an empty list', [], undefined, 'must not be empty'],
    ['rejects a text', 'A', undefined, 'must be a list of symbols'],
    ['rejects an object with a length', { length: 1e9 }, undefined, 'must be a list of symbols'],
  ])('%s', (_, symbols, symbol, problem) => {
    const details = (): unknown => {
      try {
        pipe.transform({ type: 'product', symbols, symbol });
        return undefined;
      } catch (error) {
        return (error as RequestError).details;
      }
    };
    expect(details()).toEqual(problem && [{ field: 'symbols', problem }]);
  });

  const detailsOf = (request: object): unknown => {
    try {
      pipe.transform({ type: 'product', ...request });
      return undefined;
    } catch (error) {
      return (error as RequestError).details;
    }
  };
  const rule = `${SYMBOL_RULE}`;

  it('names the index of each bad symbol, and the symbol', () => {
    expect(detailsOf({ symbols: ['NIFTY', 'NIFTY 50', 'SPY', '', 'A:B'] })).toEqual([
      { field: 'symbols', problem: `must each be ${rule}`, index: 1, symbol: 'NIFTY 50' },
      { field: 'symbols', problem: `must each be ${rule}`, index: 3, symbol: '' },
      { field: 'symbols', problem: `must each be ${rule}`, index: 4, symbol: 'A:B' },
    ]);
    expect(detailsOf({ symbol: 'NIFTY 50' })).toEqual([
      { field: 'symbol', problem: `must be ${rule}`, symbol: 'NIFTY 50' },
    ]);
  });

  it.each([null, 7, {}, ['NIFTY'], true])(
    'names only the index of a symbol that is no text: %j',
    (symbol) => {
      expect(detailsOf({ symbols: ['NIFTY', symbol] })).toEqual([
        { field: 'symbols', problem: `must each be ${rule}`, index: 1 },
      ]);
    },
  );

  it.each([
    ['<img src=x onerror="alert(1)">', '?img src=x o...'],
    [`"NIFTY'<>`, '?NIFTY???'],
    ['NIFTY\n50\u0000\u202e\ud800', 'NIFTY?50???'],
    ['ΝIFTY', 'ΝIFTY'], // a Greek Nu
    ['x'.repeat(128), `${'x'.repeat(12)}...`],
  ])('cuts and sanitises the symbol: %j', (symbol, shown) => {
    expect(detailsOf({ symbols: [symbol] })).toEqual([
      { field: 'symbols', problem: `must each be ${rule}`, index: 0, symbol: shown },
    ]);
  });

  it('makes of anything a request that keeps the contract, or refuses it with a documented code', () => {
    let taken = 0;
    fc.assert(
      fc.property(anything, (value) => {
        let dto: SubscriptionDto;
        try {
          dto = pipe.transform(value);
        } catch (error) {
          if (!(error instanceof RequestError)) throw error;
          expect(Object.keys(ERROR_CODES)).toContain(error.code);
          expect(JSON.stringify(error.toPayload('subscribe')).length).toBeLessThan(2_048);
          return;
        }
        taken++;
        const { type, symbol, symbols, expiry, every_ms } = dto;
        expect(Object.getPrototypeOf(dto)).toBe(SubscriptionDto.prototype);
        expect(SUBSCRIPTION_TYPES).toContain(type);
        expect(expiry == null || (type === 'chain' && isExpiry(expiry))).toBe(true);
        if (every_ms != null) {
          expect({ type, isWhole: Number.isInteger(every_ms) }).toEqual({ type: 'heartbeat', isWhole: true });
          expect(every_ms >= 1_000 && every_ms <= 60_000).toBe(true);
        }
        if (!hasSymbol(type)) return;
        expect(symbol != null || symbols != null).toBe(true);
        if (symbol != null) expect(isSymbol(symbol)).toBe(true);
        if (symbols != null) {
          expect(symbols.length).toBeLessThanOrEqual(config.maxSymbolsPerRequest);
          expect(symbols.every(isSymbol)).toBe(true);
        }
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(0);
  });
});
