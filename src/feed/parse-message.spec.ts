import { JsonPayload } from '../contract/index.js';
import { FeedChannel } from './channels.js';
import type { ChainMessage } from './market-message.js';
import { FeedMessageError } from './feed-message-error.js';
import { parseCached, parseMessage } from './parse-message.js';

const RULES = { maxSize: 1_000_000 };
const UNDERLYING =
  '{"type": "UNDERLYING_ENRICHED", "product": "NIFTY", "price": 21502.24, "timestamp": "2026-11-22T04:43:39.333273", "processed_at": "2026-11-22T04:43:39.353886"}';
const LEG = (strike: number) => ({ symbol: `NIFTY20261126C${strike}`, strike, iv: 0.2293, timestamp: 'x' });
const CHAIN = {
  product: 'NIFTY',
  expiry: '2026-11-26',
  spot_price: 21502.24,
  pcr_oi: 0.9464,
  pcr_volume: 1.0259,
  atm_strike: 21500,
  atm_straddle_price: 449.33,
  max_pain_strike: 21400,
  total_call_oi: 1146062,
  total_put_oi: 1084590,
  call_buildup_otm: 489448,
  put_buildup_otm: 635560,
  calls: [LEG(21050), LEG(21000)],
  puts: [LEG(21000), LEG(21100.5)],
  timestamp: '2026-11-22T04:43:39.340966',
  processed_at: '2026-11-22T04:43:39.355332',
};

const parse = (channel: string, text: string) => parseMessage(channel, text, RULES);
const underlying = (change: Record<string, unknown> = {}) =>
  parse(FeedChannel.underlying, JSON.stringify({ ...JSON.parse(UNDERLYING), ...change }));
const chain = (change: Record<string, unknown> = {}) =>
  parse(FeedChannel.optionChain, JSON.stringify({ ...CHAIN, ...change }));

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof FeedMessageError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('parseMessage', () => {
  it('parses an underlying update', () => {
    const time = Date.UTC(2026, 10, 22, 4, 43, 39) * 1000;
    expect(parse(FeedChannel.underlying, UNDERLYING)).toEqual({
      kind: 'underlying',
      product: 'NIFTY',
      key: 'latest:underlying:NIFTY',
      time: time + 333_273,
      processedTime: time + 353_886,
      price: 21502.24,
      payload: new JsonPayload(UNDERLYING, 'latest:underlying:NIFTY'),
    });
  });

  it('forwards the published text unchanged, except for missing fields that it adds', () => {
    expect(parse(FeedChannel.underlying, UNDERLYING).payload.text).toBe(UNDERLYING);
    const bare =
      '{"product": "X", "price": 1.50, "big": 9007199254740993, "timestamp": "2026-11-22T04:43:39"} \n';
    expect(parse(FeedChannel.underlying, bare).payload.text).toBe(
      '{"product": "X", "price": 1.50, "big": 9007199254740993, "timestamp": "2026-11-22T04:43:39"' +
        ',"type":"UNDERLYING_ENRICHED","processed_at":"2026-11-22T04:43:39"}',
    );
    const published = JSON.stringify(CHAIN);
    expect(parse(FeedChannel.optionChain, published).payload.text).toBe(
      `${published.slice(0, -1)},"strikes":[21000,21050,21100.5]}`,
    );
  });

  it('serializes a payload again if an existing field must be changed', () => {
    const text = underlying({ processed_at: null }).payload.text;
    expect(text.match(/processed_at/g)).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ processed_at: '2026-11-22T04:43:39.333273' });
    expect(chain({ strikes: null }).payload.toJSON()).toEqual({ ...CHAIN, strikes: [21000, 21050, 21100.5] });
  });

  it('adds missing strikes to a chain: the union of the strikes of its legs, ascending', () => {
    expect(chain().payload.toJSON()).toEqual({ ...CHAIN, strikes: [21000, 21050, 21100.5] });
  });

  it('keeps published strikes', () => {
    expect(chain({ strikes: [1, 2] }).payload.toJSON()).toMatchObject({ strikes: [1, 2] });
  });

  it('forwards unknown fields unchanged', () => {
    const extra = { venue: { name: 'NSE', tags: [1, null, 'x'] }, constructor: 'odd' };
    expect(underlying(extra).payload.toJSON()).toMatchObject(extra);
    expect(chain(extra).payload.toJSON()).toMatchObject(extra);
  });

  it('adds type and processed_at if they are missing', () => {
    expect(underlying({ type: undefined, processed_at: undefined }).payload.toJSON()).toEqual({
      type: 'UNDERLYING_ENRICHED',
      product: 'NIFTY',
      price: 21502.24,
      timestamp: '2026-11-22T04:43:39.333273',
      processed_at: '2026-11-22T04:43:39.333273',
    });
  });

  it('accepts null as the price of the straddle', () => {
    expect(chain({ atm_straddle_price: null }).payload.toJSON()).toMatchObject({ atm_straddle_price: null });
  });

  it('ignores a __proto__ field', () => {
    const message = parse(
      FeedChannel.underlying,
      '{"__proto__": {"price": 1}, "product": "X", "timestamp": "2026-01-01T00:00:00"}'.replace(
        '}, "p',
        '}, "price": 2, "p',
      ),
    );
    expect(message.payload.toJSON()).toMatchObject({ price: 2 });
    expect(({} as Record<string, unknown>).price).toBeUndefined();
  });

  const deep = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

  it.each([
    ['', 'not_json'],
    ['hello', 'not_json'],
    ['{"product": "NIFTY"', 'not_json'],
    ['null', 'not_an_object'],
    ['42', 'not_an_object'],
    ['[]', 'not_an_object'],
    ['"text"', 'not_an_object'],
    ['{}', 'missing_field'],
    [UNDERLYING.replace('21502.24', 'NaN'), 'non_finite_number'],
    [UNDERLYING.replace('21502.24', '-Infinity'), 'non_finite_number'],
    [UNDERLYING.replace('21502.24', '1e999'), 'non_finite_number'],
    [UNDERLYING.replace('{', '{"extra": [{"x": 1e999}], '), 'non_finite_number'],
    [UNDERLYING.replace('21502.24', '"21502.24"'), 'wrong_type'],
    [UNDERLYING.replace('21502.24', 'null'), 'missing_field'],
    [UNDERLYING.replace('21502.24', '[1]'), 'wrong_type'],
    [UNDERLYING.replace('"NIFTY"', '7'), 'bad_product'],
    [UNDERLYING.replace('"NIFTY"', '"a:b"'), 'bad_product'],
    [UNDERLYING.replace('UNDERLYING_ENRICHED', 'TICK'), 'wrong_type'],
    [UNDERLYING.replace('2026-11-22T04:43:39.333273', 'yesterday'), 'bad_timestamp'],
    [UNDERLYING.replace('"2026-11-22T04:43:39.333273"', '1763786619'), 'bad_timestamp'],
    [UNDERLYING.replace('39.333273"', '39.333273+99:99"'), 'bad_timestamp'],
    [UNDERLYING.replace('"2026-11-22T04:43:39.333273"', '"0099-11-22T04:43:39"'), 'bad_timestamp'],
    [UNDERLYING.replace('"2026-11-22T04:43:39.353886"', '5'), 'wrong_type'],
    [UNDERLYING.replace('{', `{"extra": ${deep(40)}, `), 'too_deep'],
    [UNDERLYING.replace('{', `{"extra": ${'['.repeat(100_000)}${']'.repeat(100_000)}, `), 'too_deep'],
    [UNDERLYING.replace('{', `{"extra": "${'x'.repeat(1_000_000)}", `), 'too_large'],
  ])('rejects underlying %p: %s', (text, reason) => {
    expect(reasonOf(() => parse(FeedChannel.underlying, text))).toBe(reason);
  });

  it.each([
    [{ expiry: undefined }, 'missing_field'],
    [{ expiry: '26-11-2026' }, 'bad_expiry'],
    [{ expiry: '2026-02-30' }, 'bad_expiry'],
    [{ pcr_oi: null }, 'missing_field'],
    [{ spot_price: '1' }, 'wrong_type'],
    [{ total_call_oi: 'many' }, 'wrong_type'],
    [{ calls: undefined }, 'missing_field'],
    [{ calls: { 0: LEG(1) } }, 'wrong_type'],
    [{ puts: [null] }, 'wrong_type'],
    [{ puts: [{ symbol: 'no strike' }] }, 'wrong_type'],
    [{ strikes: ['1'] }, 'wrong_type'],
  ])('rejects a chain with %p: %s', (change, reason) => {
    expect(reasonOf(() => chain(change))).toBe(reason);
  });

  it.each([
    [UNDERLYING.replace('21502.24', 'NaN'), 'price', 'NIFTY', undefined],
    [UNDERLYING.replace('{', '{"vwap": {"day": Infinity}, '), 'vwap', 'NIFTY', undefined],
    [UNDERLYING.replace('39.333273"', '39.333273+99:99"'), 'timestamp', 'NIFTY', undefined],
    [UNDERLYING.replace('"NIFTY"', '"a:b"'), 'product', undefined, undefined],
    [JSON.stringify({ ...CHAIN, pcr_oi: null }), 'pcr_oi', 'NIFTY', '2026-11-26'],
    [JSON.stringify(CHAIN).replace('0.9464', 'NaN'), 'pcr_oi', 'NIFTY', '2026-11-26'],
    [JSON.stringify({ ...CHAIN, calls: null }), 'calls', 'NIFTY', '2026-11-26'],
    [JSON.stringify({ ...CHAIN, total_call_oi: '1146062' }), 'total_call_oi', 'NIFTY', '2026-11-26'],
    ['hello', undefined, undefined, undefined],
  ])('rejects %p with its field, product and expiry', (text, field, product, expiry) => {
    const channel = text.includes('spot_price') ? FeedChannel.optionChain : FeedChannel.underlying;
    expect(() => parse(channel, text)).toThrow(expect.objectContaining({ field, product, expiry }) as Error);
  });

  it('shortens a long field name in the error message', () => {
    const text = UNDERLYING.replace('{', `{"${'x'.repeat(5_000)}": NaN, `);
    expect(() => parse(FeedChannel.underlying, text)).toThrow(/^x{40}\.\.\. is or holds NaN/);
  });

  describe('a chain with a bad value of one option', () => {
    const published = JSON.stringify({ ...CHAIN, note: 'NaN, "Infinity" \\', big: 0 }).replace(
      '"big":0',
      '"big":9007199254740993',
    );
    const strikes = ',"strikes":[21000,21050,21100.5]}';
    const withIv = (iv: string) => published.replace('"iv":0.2293', `"iv":${iv}`);
    const read = (text: string) => parse(FeedChannel.optionChain, text) as ChainMessage;

    it.each(['NaN', 'Infinity', '-Infinity'])(
      'is forwarded with null in place of %s, and otherwise unchanged',
      (token) => {
        const message = read(withIv(token));
        expect(message.payload.text).toBe(`${withIv('null').slice(0, -1)}${strikes}`);
        expect(message.repairs).toEqual([{ field: 'iv', action: 'nulled', count: 1 }]);
      },
    );

    it.each(['1NaN', 'NaN0', '--NaN', '0.5Infinity', 'Infinity1', 'NaNNaN', '1 NaN'])(
      'is rejected if the value is %s, because it is not JSON even with null for its tokens',
      (value) => expect(reasonOf(() => read(withIv(value)))).toBe('not_json'),
    );

    it.each(['1e309', '"0.2293"', 'true', '[0.2]', '{"mid": NaN}'])(
      'is forwarded with null in place of %s',
      (value) => {
        const message = read(withIv(value));
        const { calls } = message.payload.toJSON();
        expect(calls).toEqual([{ ...LEG(21050), iv: null }, LEG(21000)]);
        expect(message.repairs).toEqual([{ field: 'iv', action: 'nulled', count: 1 }]);
      },
    );

    it('is not repaired if the value is null', () => {
      expect(read(withIv('null')).repairs).toBeUndefined();
      expect(read(published).repairs).toBeUndefined();
    });

    it.each([null, 5, [21500], {}, { symbol: 'x' }, { strike: '21500' }, { strike: null }])(
      'is forwarded without an option that has no strike: %p',
      (leg) => {
        const message = chain({ puts: [leg, LEG(21000), leg, LEG(21100.5)] }) as ChainMessage;
        expect(message.payload.toJSON()).toEqual({ ...CHAIN, strikes: [21000, 21050, 21100.5] });
        expect(message.repairs).toEqual([{ field: 'puts', action: 'left_out', count: 2 }]);
      },
    );

    it('is forwarded without an option whose strike is NaN', () => {
      const message = read(published.replace('"strike":21000', '"strike":NaN'));
      expect(message.payload.toJSON()).toMatchObject({
        calls: [LEG(21050)],
        puts: CHAIN.puts,
        big: 9007199254740992,
      });
      expect(message.repairs).toEqual([{ field: 'calls', action: 'left_out', count: 1 }]);
    });

    it('has null in place of NaN in nullable summary fields and in unknown fields of options', () => {
      const text = published
        .replace('"atm_straddle_price":449.33', '"atm_straddle_price":NaN')
        .replace('"total_put_oi":1084590', '"total_put_oi":1e400')
        .replace('"iv":0.2293', '"iv":0.2293,"rho":NaN,"greeks":{"vanna":[NaN]}');
      const message = read(text);
      expect(message.summary.atm_straddle_price).toBeNull();
      expect(message.payload.toJSON()).toMatchObject({ atm_straddle_price: null, total_put_oi: null });
      expect(message.payload.toJSON().calls[0]).toEqual({ ...LEG(21050), rho: null, greeks: null });
      expect(message.repairs).toEqual(
        ['rho', 'greeks', 'atm_straddle_price', 'total_put_oi'].map((field) => ({
          field,
          action: 'nulled',
          count: 1,
        })),
      );
    });

    it.each([
      ['no option of a side has a strike', { calls: [{}, null] }, 'wrong_type'],
      ['the price is not a number', { spot_price: null }, 'missing_field'],
      [
        'an option is nested too deeply',
        { calls: [{ strike: 1, x: JSON.parse(deep(40)) as unknown }] },
        'too_deep',
      ],
    ])('is rejected if %s', (_, change, reason) => {
      expect(reasonOf(() => chain(change))).toBe(reason);
    });

    it('takes time proportional to its length', () => {
      const hostile = `{"a": "${'\\"'.repeat(200_000)}", "b": ${'-'.repeat(200_000)}NaN, "c": "`;
      const started = performance.now();
      expect(reasonOf(() => read(hostile))).toBe('not_json');
      expect(performance.now() - started).toBeLessThan(2_000);
    });
  });

  it('rejects a message from an unknown channel', () => {
    expect(reasonOf(() => parse('enriched:other', UNDERLYING))).toBe('unknown_channel');
  });
});

describe('parseCached', () => {
  const cached = (key: string, value: unknown) => parseCached(key, JSON.stringify(value), RULES);

  it("adds the missing fields to the worker's short underlying entry", () => {
    expect(
      cached('latest:underlying:M&M', {
        price: 1.5,
        timestamp: '2026-11-22T04:44:38.891903',
      }).payload.toJSON(),
    ).toEqual({
      type: 'UNDERLYING_ENRICHED',
      product: 'M&M',
      price: 1.5,
      timestamp: '2026-11-22T04:44:38.891903',
      processed_at: '2026-11-22T04:44:38.891903',
    });
  });

  it.each(['latest:chain:NIFTY', 'latest:chain:NIFTY:2026-11-26'])('parses a chain under %s', (key) => {
    expect(cached(key, CHAIN)).toMatchObject({ kind: 'chain', product: 'NIFTY', expiry: '2026-11-26' });
  });

  it.each([
    ['latest:chain:AAPL', CHAIN, 'bad_product'],
    ['latest:chain:NIFTY:2026-12-31', CHAIN, 'bad_expiry'],
    ['latest:underlying:AAPL', JSON.parse(UNDERLYING), 'bad_product'],
    ['latest:underlying:', { price: 1, timestamp: '2026-11-22T04:44:38' }, 'bad_product'],
    ['latest:underlying:X', { price: 1 }, 'missing_field'],
  ])('rejects an entry under %s that does not belong there', (key, value, reason) => {
    expect(reasonOf(() => cached(key, value))).toBe(reason);
  });
});
