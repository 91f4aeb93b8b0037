import { FeedChannel } from './channels.js';
import type { ChainMessage } from './market-message.js';
import { parseMessage } from './parse-message.js';

const RULES = { maxSize: 1_000_000 };
const LEG = (strike: number) => ({ strike, iv: 0.2293 });
const REST = JSON.stringify({
  product: 'NIFTY',
  expiry: '2026-11-26',
  spot_price: 21502.24,
  pcr_oi: 0.9464,
  pcr_volume: 1.0259,
  atm_straddle_price: null,
  max_pain_strike: 21400,
  calls: [LEG(21050), LEG(21000)],
  puts: [LEG(21000), LEG(21100.5)],
  timestamp: '2026-11-22T04:43:39.340966',
}).slice(1);

/** With numbers that a double cannot hold, and with what looks like the field. */
const withStrikes = (field: string) =>
  String.raw`{"id":9007199254740993, "note":"\"strikes\":[3,1]\\", "more":{"strikes":[3,1]},${field},${REST}`;
const parse = (text: string) => parseMessage(FeedChannel.optionChain, text, RULES) as ChainMessage;

describe('the strikes of a chain', () => {
  it.each([
    ['unsorted', '[21100.5,21000,21050]', '[21000,21050,21100.5]', undefined],
    ['duplicated', '[21000,21000,21050]', '[21000,21050]', undefined],
    ['null', 'null', '[21000,21050,21100.5]', undefined],
    ['null among them', '[21000,null,21050]', '[21000,21050]', 1],
    ['numbers beyond a double among them', '[1e999,21050,-1e999,21000]', '[21000,21050]', 2],
    ['NaN among them', '[NaN,21050,21000]', '[21000,21050]', 1],
    ['nothing but null', '[null]', '[21000,21050,21100.5]', 1],
  ])('are sent sorted and unique, and the rest to the letter: %s', (_, given, sent, leftOut) => {
    const { payload, repairs } = parse(withStrikes(`"strikes": ${given} `));
    expect(payload.text).toBe(withStrikes(`"strikes": ${sent} `));
    expect(repairs).toEqual(leftOut && [{ field: 'strikes', action: 'left_out', count: leftOut }]);
  });

  it('are replaced where JSON reads them: under an escaped name, and the last of two', () => {
    const { text } = parse(withStrikes(String.raw`"strikes":[9,8],"str\u0069kes":[2,1]`)).payload;
    expect(text).toBe(withStrikes(String.raw`"strikes":[9,8],"str\u0069kes":[1,2]`));
    expect(JSON.parse(text)).toMatchObject({ strikes: [1, 2] });
  });

  it('are sent as they are if they are sorted and unique', () => {
    for (const strikes of ['[21000, 21050.0,\n21100.50]', '[1]', '[]']) {
      const text = withStrikes(`"strikes":${strikes}`);
      expect(parse(text).payload.text).toBe(text);
    }
  });

  it('are nothing but numbers', () => {
    expect(() => parse(withStrikes('"strikes":["1"]'))).toThrow('strikes is not a list of numbers');
    expect(() => parse(withStrikes('"strikes":[[]]'))).toThrow('strikes is not a list of numbers');
  });
});

it('a field that is null and must be filled in leaves the rest to the letter', () => {
  const text =
    '{"id":9007199254740993,"product":"X","price":1.50,"timestamp":"2026-11-22T04:43:39","processed_at":null}';
  expect(parseMessage(FeedChannel.underlying, text, RULES).payload.text).toBe(
    `${text.replace('null', '"2026-11-22T04:43:39"').slice(0, -1)},"type":"UNDERLYING_ENRICHED"}`,
  );
});
