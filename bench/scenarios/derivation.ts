import type { ViewContent } from '../../src/contract/index.js';
import { makeStringsFast } from '../../src/common/fast-strings.js';
import { FeedChannel } from '../../src/feed/channels.js';
import { parseMessage } from '../../src/feed/parse-message.js';
import { ChainText } from '../../src/views/chain-text.js';
import { median } from '../harness/measurement.js';
import { monotonicUs } from '../harness/monotonic.js';
import { BenchFeed } from '../publish/bench-feed.js';
import { ratioAtMost } from './bars.js';
import type { Row, Scenario } from './scenario.js';

const CHAIN_BYTES = 84_000;
const CHAINS = 50;
const ROUNDS = 60;
const QUICK_ROUNDS = 5;

const PARSE = 'JSON.parse of the chain';
const FULL = 'full';
const QUOTE = 'quote.10';

interface DerivationRow extends Row {
  readonly work: (text: string) => string | object;
}

export const derivation: Scenario<DerivationRow> = {
  name: 'derivation',
  about: () =>
    `The time in which this process derives one view from the text of a chain of ${CHAIN_BYTES / 1000} KB, as the gateway does ` +
    'once for each update. The median of many chains.',
  candidates: () => [
    { label: PARSE, work: (text) => JSON.parse(text) as object },
    view(FULL, { mode: 'full' }),
    view('quote', { mode: 'quote' }),
    view(QUOTE, { mode: 'quote', strikes: 10 }),
    view('ltp', { mode: 'ltp' }),
    view('ltp.5', { mode: 'ltp', strikes: 5 }),
  ],
  run: ({ work }, { quick }) => {
    makeStringsFast(); // as the gateway does: both have loaded ioredis
    const texts = chainTexts();
    const times: number[] = [];
    let result: string | object = '';
    for (let round = 0; round < (quick ? QUICK_ROUNDS : ROUNDS); round++) {
      for (const text of texts) {
        const before = monotonicUs();
        result = work(text);
        times.push(monotonicUs() - before);
      }
    }
    // The first rounds are those in which the code is compiled.
    const microseconds = median(times.slice(times.length / 2));
    const bytes = typeof result === 'string' ? result.length : texts[0]!.length;
    return Promise.resolve({ microseconds, bytes });
  },
  metrics: ['microseconds', 'bytes'],
  bars: (results) => [
    ratioAtMost(
      'full columns: at most 1.5 of parsing',
      results(FULL)?.microseconds,
      results(PARSE)?.microseconds,
      1.5,
    ),
    ratioAtMost(
      'quotes of 21 strikes: at most 0.25 of parsing',
      results(QUOTE)?.microseconds,
      results(PARSE)?.microseconds,
      0.25,
    ),
  ],
};

function view(label: string, content: ViewContent): DerivationRow {
  return { label, work: (text) => new ChainText(text).view(content) };
}

/** Different chains, as the gateway holds them. */
function chainTexts(): readonly string[] {
  const feed = new BenchFeed({ kind: 'chain', products: ['NIFTY'], chainBytes: CHAIN_BYTES });
  return Array.from({ length: CHAINS }, () => {
    const { data } = feed.next();
    return parseMessage(FeedChannel.optionChain, data, { maxSize: 10 * CHAIN_BYTES }).payload.text;
  });
}
