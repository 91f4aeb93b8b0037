import { newestPerKey, publishedPerKey } from '../publish/sequence.js';
import { noFaults, SequenceCheck } from './sequence-check.js';

const PRODUCTS = 3;

function faultsOf(...sequences: number[]) {
  const faults = noFaults();
  const check = new SequenceCheck(PRODUCTS, faults);
  for (const sequence of sequences) check.take(sequence);
  return { faults, check };
}

describe('SequenceCheck', () => {
  it('accepts every message once and in the order of its product, in any order of the products', () => {
    expect(faultsOf(2, 1, 3, 4, 6, 5).faults).toEqual(noFaults());
  });

  it('finds missing messages, also at the beginning', () => {
    expect(faultsOf(4).faults).toMatchObject({ missing: 1 });
    expect(faultsOf(1, 10).faults).toMatchObject({ missing: 2 });
  });

  it('finds repeated and late messages', () => {
    expect(faultsOf(1, 1).faults).toMatchObject({ twice: 1, older: 0 });
    expect(faultsOf(1, 4, 1).faults).toMatchObject({ twice: 0, older: 1 });
  });

  it('knows whether the last message of each product was the newest', () => {
    const { check } = faultsOf(1, 2, 3, 4);
    expect(check.isUpToDate([0, 1, 2], newestPerKey(4, PRODUCTS))).toBe(true);
    expect(check.isUpToDate([0, 1, 2], newestPerKey(5, PRODUCTS))).toBe(false);
    expect(check.isUpToDate([0], newestPerKey(5, PRODUCTS))).toBe(true);
  });
});

describe('publishedPerKey', () => {
  it('counts each product’s messages in an interval', () => {
    expect(publishedPerKey(0, 4, PRODUCTS)).toEqual([2, 1, 1]);
    expect(publishedPerKey(4, 9, PRODUCTS)).toEqual([1, 2, 2]);
    expect(publishedPerKey(0, 0, PRODUCTS)).toEqual([0, 0, 0]);
  });

  it('agrees with the newest numbers', () => {
    expect(newestPerKey(0, PRODUCTS)).toEqual([0, 0, 0]);
    expect(newestPerKey(4, PRODUCTS)).toEqual([4, 2, 3]);
  });
});
