import { NearSymbols } from './near-symbols.js';

const all = () => true;

describe('NearSymbols', () => {
  const near = new NearSymbols(['NIFTY', 'BANKNIFTY', 'M&M', 'Tata', 'TATA', 'P-17', 'GO']);

  it.each([
    ['nifty', 'NIFTY'],
    ['NFTY', 'NIFTY'],
    ['NIFTYY', 'NIFTY'],
    ['NIFTX', 'NIFTY'],
    ['NITFY', 'NIFTY'],
    ['xnifty', 'NIFTY'],
    ['banknfty', 'BANKNIFTY'],
    ['m&m', 'M&M'],
    ['tata', 'Tata'],
    ['go', 'GO'],
  ])('for %s it suggests %s', (symbol, found) => expect(near.of(symbol, all)).toBe(found));

  it.each(['NFT', 'NIFTYXY', 'YTFIN', 'P-18', 'G', 'GOO1', 'BANK', ''])(
    'for %s it suggests nothing',
    (symbol) => {
      expect(near.of(symbol, all)).toBeUndefined();
    },
  );

  it('suggests nothing for a known symbol', () => {
    expect(near.of('NIFTY', all)).toBeUndefined();
    expect(near.of('TATA', all)).toBeUndefined();
  });

  it('suggests only allowed symbols', () => {
    expect(near.of('tata', (symbol) => symbol === 'TATA')).toBe('TATA');
    expect(near.of('nifty', () => false)).toBeUndefined();
    expect(near.of('NFTY', () => false)).toBeUndefined();
  });

  it('does not compare each unknown symbol with every known one', () => {
    const many = new NearSymbols(Array.from({ length: 20_000 }, (_, n) => `PRODUCT-${n.toString(36)}`));
    let looked = 0;
    const allowed = () => ++looked > 0;
    for (let n = 0; n < 100; n++) many.of(`UNKNOWN${n}ABCDEFGHIJKLMNOPQRST`, allowed);
    for (let n = 0; n < 100; n++) many.of(`PRODUCT-${'x'.repeat(1 + (n % 5))}`, allowed);
    expect(looked).toBeLessThan(10_000);
  });
});
