import { Cost } from './cost.js';

it('is the size of a message times the rate of the last five seconds', () => {
  const cost = new Cost();
  expect(cost.at(0)).toBeUndefined();
  for (let n = 0; n <= 50; n++) cost.add({ text: 'x'.repeat(89) }, n * 100);
  expect(cost.at(5_000)).toEqual({ updatesPerSecond: 10, bytesPerSecond: 1_000 });
  expect(cost.at(10_100)).toEqual({ updatesPerSecond: 0, bytesPerSecond: 0 });
});

it('does not multiply the first update', () => {
  const cost = new Cost();
  cost.add({}, 1_000);
  expect(cost.at(1_010)).toEqual({ updatesPerSecond: 1, bytesPerSecond: 2 });
});

it('begins again with another view', () => {
  const cost = new Cost();
  cost.add({ text: 'long' }, 0);
  cost.reset();
  expect(cost.at(10)).toBeUndefined();
  cost.add({}, 20);
  expect(cost.at(30)!.bytesPerSecond).toBe(2);
});
