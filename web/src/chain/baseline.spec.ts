import { Baseline, BaselineStore } from './baseline.js';
import { chainView } from './chain-view.fixture.js';

/** A storage in memory, which throws if it is full. */
function storage(isFull = false): Storage {
  const items = new Map<string, string>();
  return {
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
  const store = new BaselineStore(storage());
  store.set('NIFTY', '2026-11-26', baseline);
  const found = store.get('NIFTY', '2026-11-26', '2026-11-25')!;
  expect(found.timestamp).toBe(baseline.timestamp);
  for (const strike of [90, 100, 110])
    for (const side of ['calls', 'puts'] as const)
      for (const field of ['oi', 'last'] as const)
        expect(found.of(strike, side, field)).toBe(baseline.of(strike, side, field));
});

it('of another day, product or expiry is not used', () => {
  const store = new BaselineStore(storage());
  store.set('NIFTY', '2026-11-26', baseline);
  expect(store.get('NIFTY', '2026-11-26', '2026-11-26')).toBeUndefined();
  expect(store.get('NIFTY', '2026-12-03', '2026-11-25')).toBeUndefined();
  expect(store.get('AAPL', '2026-11-26', '2026-11-25')).toBeUndefined();
});

it.each([null, '', 'rubbish', '[]', '{"timestamp":1,"rows":[]}', '{"timestamp":"x"}'])(
  'does not use %j',
  (text) => expect(Baseline.parse(text)).toBeUndefined(),
);

it('needs no storage, and survives a full one', () => {
  for (const each of [undefined, storage(true)]) {
    const store = new BaselineStore(each);
    store.set('NIFTY', '2026-11-26', baseline);
    expect(store.get('NIFTY', '2026-11-26', '2026-11-25')).toBeUndefined();
  }
});
