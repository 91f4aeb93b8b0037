import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Chain, projected } from '../../test/support/chain-projection.js';
import { VIEW_COLUMNS, VIEW_MODES, VIEW_STRIKES, type ViewContent } from '../contract/index.js';
import { FeedChannel } from '../feed/channels.js';
import { parseMessage } from '../feed/parse-message.js';
import { ChainText } from './chain-text.js';

const RECORDING = join(__dirname, '../../test/fixtures/deltastream-enriched-60s.jsonl.gz');
const RULES = { maxSize: 10_000_000 };
const CONTENTS: readonly ViewContent[] = VIEW_MODES.flatMap((mode) => [
  { mode },
  ...VIEW_STRIKES.map((strikes) => ({ mode, strikes })),
]);

function expectProjections(text: string): void {
  const chain = JSON.parse(text) as Chain;
  const views = new ChainText(text);
  for (const content of CONTENTS) expect(JSON.parse(views.view(content))).toEqual(projected(chain, content));
}

it('projects every chain of the recorded minute', () => {
  const lines = gunzipSync(readFileSync(RECORDING)).toString().trim().split('\n');
  const messages = lines.map((line) => JSON.parse(line) as { channel: string; data: string });
  const chains = messages.filter(({ channel }) => channel === FeedChannel.optionChain);
  expect(chains).toHaveLength(95);
  for (const { channel, data } of chains) expectProjections(parseMessage(channel, data, RULES).payload.text);
});

it('copies numbers as they are written', () => {
  const text =
    '{"product": "A", "strikes": [100.0, 1e2, 12345678901234567890], "spot_price": 100.00,' +
    '"calls": [{"strike": 100.0, "last": 1.50}, {"last": -0.0, "strike": 12345678901234567890}], "puts": []}';
  expect(new ChainText(text).view({ mode: 'ltp' })).toBe(
    '{"product":"A","spot_price":100.00,"view":{"mode":"ltp"},"strikes":[100.0,1e2,12345678901234567890],' +
      '"calls":{"last":[1.50,1.50,-0.0]},"puts":{"last":[null,null,null]}}',
  );
});

it.each([
  ['a brace in a string', '{"strike":1,"symbol":"a},{b","last":2}'],
  ['an object in an option', '{"greeks":{"last":9},"strike":1,"last":2}'],
  ['objects in a list', '{"strike":1,"trades":[{"strike":8},{"strike":9}],"last":2}'],
  ['a quote in a string', '{"strike":1,"note":"the \\"last\\": 7","last":2}'],
  ['a quote in a name', '{"strike":1,"x\\"last":7,"last":2}'],
  ['a name that ends in the same way', '{"strike":1,"blast":7,"last":2}'],
  ['a backslash before a quote', '{"strike":1,"note":"\\\\","last":2}'],
  ['space before a colon', '{"strike" : 1, "last" : 2}'],
  ['a name with an escape', '{"strike":1,"l\\u0061st":2}'],
  ['line breaks', '{\n  "strike": 1,\n  "last": 2\n}'],
])('is not misled by %s', (_, leg) => {
  for (const legs of [`[${leg}]`, `[ ${leg} , {"strike":2,"last":3} ]`, `[{"strike":2,"last":3},${leg}]`]) {
    expectProjections(`{"calls":${legs},"spot_price":1,"puts":[],"strikes":[1,2]}`);
    expectProjections(
      `{"puts":${legs},"strikes":[1,2],"old":{"calls":[1],"puts":{}},"spot_price":2,"calls":[]}`,
    );
  }
});

const number = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const extra = fc.dictionary(
  fc.constantFrom('symbol', 'note', 'x"', 'a'),
  fc.oneof(fc.string(), fc.constant({ last: 1 })),
);
const leg = fc
  .tuple(
    fc.integer({ min: 1, max: 30 }),
    fc.record(Object.fromEntries(VIEW_COLUMNS.full.map((name) => [name, fc.option(number)])), {
      requiredKeys: [],
    }),
    fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: extra }),
  )
  .map(([strike, numbers, more]) => ({ ...more, strike, ...numbers }));
const chain = fc.record({
  product: fc.constant('A'),
  spot_price: fc.integer({ min: -5, max: 40 }),
  atm_strike: fc.option(fc.integer({ min: 1, max: 30 })),
  strikes: fc
    .uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1 })
    .map((list) => list.sort((a, b) => a - b)),
  calls: fc.array(leg, { maxLength: 30 }),
  puts: fc.array(leg, { maxLength: 30 }),
});

it('projects chains of any shape and in any notation', () => {
  fc.assert(
    fc.property(chain, fc.constantFrom(undefined, 1), (object, indent) => {
      expectProjections(JSON.stringify(object, undefined, indent));
    }),
    { numRuns: 500 },
  );
});
