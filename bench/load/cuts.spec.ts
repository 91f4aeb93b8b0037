import { Cuts } from './cuts.js';

const PLAN = { everyMs: 1000, offlineMs: 100 };

/** A client that records when it was cut and opened, in ms. */
class Recorder {
  readonly cuts: number[] = [];
  readonly opens: number[] = [];

  cut(): void {
    this.cuts.push(Date.now());
  }

  open(): void {
    this.opens.push(Date.now());
  }
}

describe('Cuts', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  it('cuts every client in the first interval, and again within 1.5 intervals of its return', () => {
    const clients = Array.from({ length: 50 }, () => new Recorder());
    const cuts = new Cuts(PLAN);
    cuts.start(clients);
    jest.advanceTimersByTime(20_000);
    for (const { cuts, opens } of clients) {
      expect(cuts[0]).toBeLessThan(1000);
      for (const [index, opened] of opens.entries()) {
        expect(opened - cuts[index]!).toBe(100);
        const next = cuts[index + 1] ?? Infinity;
        if (next < Infinity) expect(next - opened).toBeGreaterThanOrEqual(499);
        if (opened < 18_500) expect(next - opened).toBeLessThanOrEqual(1501);
      }
    }
    expect(cuts.count).toBe(clients.reduce((sum, client) => sum + client.cuts.length, 0));
  });

  it('lets offline clients connect again after the end, and cuts no more', () => {
    const clients = Array.from({ length: 50 }, () => new Recorder());
    const cuts = new Cuts(PLAN);
    cuts.start(clients);
    jest.advanceTimersByTime(5000);
    cuts.stop();
    const { count } = cuts;
    expect(clients.some(({ cuts, opens }) => cuts.length > opens.length)).toBe(true);
    jest.advanceTimersByTime(10_000);
    expect(clients.every(({ cuts, opens }) => cuts.length === opens.length)).toBe(true);
    expect(cuts.count).toBe(count);
    expect(jest.getTimerCount()).toBe(0);
  });
});
