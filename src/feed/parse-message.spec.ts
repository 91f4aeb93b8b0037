import { JsonPayload } from '../contract/index.js';
import { FeedChannel } from './channels.js';
import { parseCached, parseMessage, RejectedMessage } from './parse-message.js';

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

const parse = (channel: string, text: string) => parseMessage(channel, text, 1_000_000);
const underlying = (change: Record<string, unknown> = {}) =>
  parse(FeedChannel.underlying, JSON.stringify({ ...JSON.parse(UNDERLYING), ...change }));
const chain = (change: Record<string, unknown> = {}) =>
  parse(FeedChannel.optionChain, JSON.stringify({ ...CHAIN, ...change }));

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof RejectedMessage) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('parseMessage', () => {
  it('reads an underlying update as published', () => {
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

  it('sends on what was published to the letter, with what it lacks added', () => {
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

  it('writes a payload anew where a field is there and must be changed', () => {
    const text = underlying({ processed_at: null }).payload.text;
    expect(text.match(/processed_at/g)).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ processed_at: '2026-11-22T04:43:39.333273' });
    expect(chain({ strikes: null }).payload.toJSON()).toEqual({ ...CHAIN, strikes: [21000, 21050, 21100.5] });
  });

  it('adds the strikes a published chain lacks: the union of the legs, ascending', () => {
    expect(chain().payload.toJSON()).toEqual({ ...CHAIN, strikes: [21000, 21050, 21100.5] });
  });

  it('keeps strikes that are there', () => {
    expect(chain({ strikes: [1, 2] }).payload.toJSON()).toMatchObject({ strikes: [1, 2] });
  });

  it('passes unknown fields through untouched', () => {
    const extra = { venue: { name: 'NSE', tags: [1, null, 'x'] }, constructor: 'odd' };
    expect(underlying(extra).payload.toJSON()).toMatchObject(extra);
    expect(chain(extra).payload.toJSON()).toMatchObject(extra);
  });

  it('completes type and processed_at where only a bare price is published', () => {
    expect(underlying({ type: undefined, processed_at: undefined }).payload.toJSON()).toEqual({
      type: 'UNDERLYING_ENRICHED',
      product: 'NIFTY',
      price: 21502.24,
      timestamp: '2026-11-22T04:43:39.333273',
      processed_at: '2026-11-22T04:43:39.333273',
    });
  });

  it('takes a straddle that could not be priced as null', () => {
    expect(chain({ atm_straddle_price: null }).payload.toJSON()).toMatchObject({ atm_straddle_price: null });
  });

  it('keeps an own __proto__ field from changing what the message is', () => {
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

  it('rejects what comes on another channel', () => {
    expect(reasonOf(() => parse('enriched:other', UNDERLYING))).toBe('unknown_channel');
  });
});

describe('parseCached', () => {
  const cached = (key: string, value: unknown) => parseCached(key, JSON.stringify(value), 1_000_000);

  it("completes the worker's bare underlying entry to the documented payload", () => {
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

  it.each(['latest:chain:NIFTY', 'latest:chain:NIFTY:2026-11-26'])('reads a chain under %s', (key) => {
    expect(cached(key, CHAIN)).toMatchObject({ kind: 'chain', product: 'NIFTY', expiry: '2026-11-26' });
  });

  it.each([
    ['latest:chain:AAPL', CHAIN, 'bad_product'],
    ['latest:chain:NIFTY:2026-12-31', CHAIN, 'bad_expiry'],
    ['latest:underlying:AAPL', JSON.parse(UNDERLYING), 'bad_product'],
    ['latest:underlying:', { price: 1, timestamp: '2026-11-22T04:44:38' }, 'bad_product'],
    ['latest:underlying:X', { price: 1 }, 'missing_field'],
  ])('refuses an entry under %s that is not its own', (key, value, reason) => {
    expect(reasonOf(() => cached(key, value))).toBe(reason);
  });
});
