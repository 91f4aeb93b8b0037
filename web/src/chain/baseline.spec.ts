import { Baseline, BaselineStore } from './baseline.js';
import { chainView } from './chain-view.fixture.js';

/** A storage in memory, which throws if it is full. */
function storage(isFull = false): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (index: number) => [...items.keys()][index] ?? null,
    removeItem: (key: string) => void items.delete(key),
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (isFull) throw new Error('full');
      items.set(key, value);
    },
  } as unknown as Storage;
}

const baseline = Baseline.of(chainView());

it('has open interest and last price of every strike', () => {
  expect(baseline.of(100, 'calls', 'oi')).toBe(40);
  expect(baseline.of(100, 'puts', 'last')).toBe(4.5);
  expect(baseline.of(90, 'puts', 'last')).toBeNull();
  expect(baseline.of(95, 'calls', 'oi')).toBeNull();
});

it('is the same after it was stored', () => {
  const store = new BaselineStore(storage(), storage());
  store.addFirst('NIFTY', '2026-11-26', baseline);
  const found = store.first('NIFTY', '2026-11-26', '2026-11-25')!;
  expect(found.timestamp).toBe(baseline.timestamp);
  for (const strike of [90, 100, 110])
    for (const side of ['calls', 'puts'] as const)
      for (const field of ['oi', 'last'] as const)
        expect(found.of(strike, side, field)).toBe(baseline.of(strike, side, field));
});

it('of another day, product or expiry is not used', () => {
  const store = new BaselineStore(storage(), storage());
  store.addFirst('NIFTY', '2026-11-26', baseline);
  expect(store.first('NIFTY', '2026-11-26', '2026-11-26')).toBeUndefined();
  expect(store.first('NIFTY', '2026-12-03', '2026-11-25')).toBeUndefined();
  expect(store.first('AAPL', '2026-11-26', '2026-11-25')).toBeUndefined();
});

const at = (timestamp: string) => Baseline.of(chainView({ timestamp }));
const EXPIRY = '2026-11-26';

it('of all tabs is the first chain of the day, and of one tab the chain that its reader chose', () => {
  const browser = storage();
  const [first, second] = [new BaselineStore(storage(), browser), new BaselineStore(storage(), browser)];
  const of = (store: BaselineStore, day = '2026-11-25') =>
    (store.chosen('NIFTY', EXPIRY) ?? store.first('NIFTY', EXPIRY, day))?.timestamp;
  first.addFirst('NIFTY', EXPIRY, at('2026-11-25T09:15'));
  second.addFirst('NIFTY', EXPIRY, at('2026-11-25T10:00'));
  expect([of(first), of(second)]).toEqual(['2026-11-25T09:15', '2026-11-25T09:15']);
  second.choose('NIFTY', EXPIRY, at('2026-11-25T11:00'));
  expect([of(first), of(second)]).toEqual(['2026-11-25T09:15', '2026-11-25T11:00']);
  second.addFirst('NIFTY', EXPIRY, at('2026-11-26T09:15'));
  expect(of(first, '2026-11-26')).toBe('2026-11-26T09:15');
});

it('of some days ago is removed, and nothing else in the storage is', () => {
  const browser = storage();
  browser.setItem('other', '1');
  const store = new BaselineStore(storage(), browser);
  browser.setItem('deltastream-baseline NIFTY 2026-12-31', 'rubbish');
  store.addFirst('NIFTY', '2026-11-19', at('2026-11-19T09:15'));
  store.addFirst('AAPL', EXPIRY, at('2026-11-25T09:15')); // its market is closed
  store.addFirst('NIFTY', EXPIRY, at('2026-11-26T09:15'));
  expect(Array.from({ length: browser.length }, (_, index) => browser.key(index))).toEqual([
    'other',
    'deltastream-baseline AAPL 2026-11-26',
    'deltastream-baseline NIFTY 2026-11-26',
  ]);
});

it.each([null, '', 'rubbish', '[]', '{"timestamp":1,"rows":[]}', '{"timestamp":"x"}'])(
  'does not use %j',
  (text) => expect(Baseline.parse(text)).toBeUndefined(),
);

it('needs no storage, and survives a full one', () => {
  for (const each of [undefined, storage(true)]) {
    const store = new BaselineStore(each, each);
    store.addFirst('NIFTY', '2026-11-26', baseline);
    store.choose('NIFTY', '2026-11-26', baseline);
    expect(store.first('NIFTY', '2026-11-26', '2026-11-25')).toBeUndefined();
    expect(store.chosen('NIFTY', '2026-11-26')).toBeUndefined();
  }
});

it('is the opening that the gateway has kept', () => {
  const page = {
    type: 'opening',
    symbol: 'NIFTY',
    expiry: EXPIRY,
    resolution: 'raw',
    columns: ['timestamp', 'strike', 'call_open_interest', 'call_last', 'put_open_interest', 'put_last'],
    updates: [
      ['2026-11-25T09:15', 100, 40, 5.5, 30, null],
      ['2026-11-25T09:15', 110, null, 1.5, 20, 9.5],
    ],
    next: null,
  } as const;
  const opening = Baseline.ofOpening(page)!;
  expect(opening.timestamp).toBe('2026-11-25T09:15');
  const cells = [100, 110].flatMap((strike) =>
    (['calls', 'puts'] as const).flatMap((side) =>
      (['oi', 'last'] as const).map((field) => opening.of(strike, side, field)),
    ),
  );
  expect(cells).toEqual([40, 5.5, 30, null, null, 1.5, 20, 9.5]);
  expect(Baseline.ofOpening({ ...page, updates: [] })).toBeUndefined();
});
