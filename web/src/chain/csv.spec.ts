import { Baseline } from './baseline.js';
import { chainView } from './chain-view.fixture.js';
import { csvName, csvOf } from './csv.js';
import { ladderOf } from './ladder.js';

it('has every strike, with the columns of the view and the changes', () => {
  const before = chainView({ calls: { last: [12.4, 5, 1], open_interest: [10, 41, 1] } });
  expect(csvOf(ladderOf(chainView()), Baseline.of(before)).split('\r\n')).toEqual([
    'strike,call_open_interest,call_open_interest_change,call_iv,call_last,call_last_change,' +
      'put_open_interest,put_open_interest_change,put_iv,put_last,put_last_change',
    '90,10,0,0.2,12.5,0.1,,,,,',
    '100,40,-1,0.1829,5.25,0.25,30,0,0,4.5,0',
    '110,,,,,,70,0,0.25,11,0',
    '',
  ]);
});

it('is named after the chain and its time', () => {
  expect(csvName(ladderOf(chainView()))).toBe('NIFTY-2026-11-26-20261125T061502Z.csv');
  expect(csvName(ladderOf(chainView({ product: 'M&M' })))).toMatch(/^M&M-/);
});
