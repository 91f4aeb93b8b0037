import { chainView } from '../chain/chain-view.fixture.js';
import { interestData, pitchOf, smileData } from './strike-data.js';

it('the open interest of the puts is below that of the calls', () => {
  expect(interestData(chainView())).toEqual([
    [90, 100, 110],
    [10, 40, null],
    [null, -30, -70],
  ]);
});

it('implied volatility is in percent, and a gap if it was not computed', () => {
  expect(smileData(chainView())).toEqual([
    [90, 100, 110],
    [20, 18.29, null],
    [null, null, 25],
  ]);
});

it('columns that the view does not have are empty', () => {
  const view = chainView({ calls: { last: [1, 2, 3] }, puts: { last: [1, 2, 3] } });
  for (const data of [interestData(view), smileData(view)])
    expect(data.slice(1)).toEqual([
      [null, null, null],
      [null, null, null],
    ]);
});

it('the pitch is the smallest distance of two strikes', () => {
  expect(pitchOf([100, 200, 250, 350])).toBe(50);
  expect(pitchOf([100])).toBe(1);
});
