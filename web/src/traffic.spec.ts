import { Traffic } from './traffic.js';

it('gives the rates of the last three seconds', () => {
  const traffic = new Traffic();
  expect(traffic.bytesPerSecond).toBeUndefined();
  for (let second = 0; second <= 10; second++) {
    traffic.sample(second * 1_000);
    traffic.bytes += second < 7 ? 1_000 : 50;
    traffic.updates += 5;
  }
  expect(traffic.bytesPerSecond).toBe(50);
  expect(traffic.updatesPerSecond).toBe(5);
});
