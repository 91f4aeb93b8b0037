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
  ])('for %s there is %s', (symbol, found) => expect(near.of(symbol, all)).toBe(found));

  it.each(['NFT', 'NIFTYXY', 'YTFIN', 'P-18', 'G', 'GOO1', 'BANK', ''])(
    'for %s there is nothing',
    (symbol) => {
      expect(near.of(symbol, all)).toBeUndefined();
    },
  );

  it('suggests nothing for what is known itself', () => {
    expect(near.of('NIFTY', all)).toBeUndefined();
    expect(near.of('TATA', all)).toBeUndefined();
  });

  it('suggests only what is allowed', () => {
    expect(near.of('tata', (symbol) => symbol === 'TATA')).toBe('TATA');
    expect(near.of('nifty', () => false)).toBeUndefined();
    expect(near.of('NFTY', () => false)).toBeUndefined();
  });

  it('costs a hundred unknown symbols no look at each of many', () => {
    const many = new NearSymbols(Array.from({ length: 20_000 }, (_, n) => `PRODUCT-${n.toString(36)}`));
    let looked = 0;
    const allowed = () => ++looked > 0;
    for (let n = 0; n < 100; n++) many.of(`UNKNOWN${n}ABCDEFGHIJKLMNOPQRST`, allowed);
    for (let n = 0; n < 100; n++) many.of(`PRODUCT-${'x'.repeat(1 + (n % 5))}`, allowed);
    expect(looked).toBeLessThan(10_000);
  });
});
