import { barsOf } from './bars.js';
import { historyPages, recordsOf, Series, type SeriesRequest, type SocketClient } from './index.js';
import type { HistoryResolution } from './contract/index.js';
import { FakeGateway, type FakeGatewayOptions } from './testing/index.js';

let gateway: FakeGateway;
let client: SocketClient;
const opened: Series<HistoryResolution>[] = [];

function start(options: FakeGatewayOptions & { resume?: boolean } = {}): void {
  gateway = new FakeGateway({ products: ['NIFTY'], ...options });
  client = gateway.connect({ general: false, resume: options.resume });
}

/** The time of the nth second of an hour. */
const at = (second: number): string => new Date(Date.UTC(2026, 10, 23, 5, 0, second)).toISOString();
const publish = (second: number, price = second) =>
  gateway.publishPrice('NIFTY', price, { timestamp: at(second) });

function open<R extends HistoryResolution = 'raw'>(request: Partial<SeriesRequest<R>> = {}): Series<R> {
  const series = new Series<R>(client, { symbol: 'NIFTY', ...request }, () => undefined).start();
  opened.push(series);
  return series;
}
const pricesIn = (series: Series) => series.points.map(({ price }) => price);

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  for (const series of opened.splice(0)) series.close();
  gateway.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('history', () => {
  beforeEach(async () => {
    start();
    for (let second = 0; second < 10; second++) publish(second);
    await gateway.settle();
  });

  it('has a page of the newest prices, and pages that go back', async () => {
    const pages: unknown[] = [];
    for await (const page of historyPages(client, { type: 'product', symbol: 'NIFTY', limit: 4 }))
      pages.push(recordsOf(page).map(({ price }) => price));
    expect(pages).toEqual([
      [6, 7, 8, 9],
      [2, 3, 4, 5],
      [0, 1],
    ]);
  });

  it('goes on from a time to newer prices, and stops at another', async () => {
    const pages: unknown[] = [];
    const request = { type: 'product', symbol: 'NIFTY', limit: 2, from: at(3), to: at(7) } as const;
    for await (const page of historyPages(client, request))
      pages.push(recordsOf(page).map(({ price }) => price));
    expect(pages).toEqual([[3, 4], [5, 6], [7]]);
  });

  it('marks the first row that was ever kept as a gap', async () => {
    const ask = (limit: number) => client.history({ type: 'product', symbol: 'NIFTY', limit });
    expect(await ask(10)).toMatchObject({ gaps: [0], next: null });
    expect(await ask(9)).not.toHaveProperty('gaps');
  });

  it('has bars and summaries', async () => {
    publish(60, 70);
    gateway.publishChain({ product: 'NIFTY', expiry: '2026-11-26', spot_price: 5 });
    const bars = await client.history({ type: 'product', symbol: 'NIFTY', resolution: '1m' });
    expect(recordsOf(bars)).toEqual([
      { timestamp: at(0), open: 0, high: 9, low: 0, close: 9, count: 10 },
      { timestamp: at(60), open: 70, high: 70, low: 70, close: 70, count: 1 },
    ]);
    const summaries = await client.history({ type: 'summary', symbol: 'NIFTY' });
    expect(summaries).toMatchObject({ expiry: '2026-11-26' });
    expect(recordsOf(summaries)).toMatchObject([{ spot_price: 5, total_call_oi: null }]);
  });

  it('of a handle is that of its product or chain', async () => {
    const product = client.subscribe({ type: 'product', symbol: 'NIFTY' });
    const chain = client.subscribe({ type: 'chain', symbol: 'NIFTY', expiry: '2026-11-26' });
    const several = client.subscribe({ type: 'product', symbols: ['NIFTY', 'SENSEX'] });
    expect(await product.history({ limit: 3 })).toMatchObject({ type: 'product', symbol: 'NIFTY' });
    expect(await chain.history()).toMatchObject({ type: 'summary', expiry: '2026-11-26' });
    await expect(several.history()).rejects.toMatchObject({ code: 'INVALID_SYMBOL' });
    expect(await several.history({ symbol: 'SENSEX' })).toMatchObject({ symbol: 'SENSEX', updates: [] });
  });

  it('can be aborted, before and after it was asked for', async () => {
    const stopping = new AbortController();
    const ask = () => client.history({ type: 'product', symbol: 'NIFTY' }, { signal: stopping.signal });
    const asked = ask();
    stopping.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await expect(ask()).rejects.toThrow('enough');
    expect(gateway.requests.filter(({ event }) => event === 'get_history')).toHaveLength(1);
  });

  it.each([
    [{ type: 'chain' }, 'INVALID_TYPE'],
    [{ symbol: 'no symbol' }, 'INVALID_SYMBOL'],
    [{ expiry: '2026-11-26' }, 'INVALID_EXPIRY'],
    [{ from: 'noon' }, 'INVALID_TIME'],
    [{ limit: 0 }, 'INVALID_PAGE'],
    [{ limit: 5_001 }, 'INVALID_PAGE'],
    [{ resolution: '2m' }, 'INVALID_PAGE'],
    [{ cursor: 'mine' }, 'INVALID_PAGE'],
  ])('with %j is refused', async (fields, code) => {
    const request = { type: 'product', symbol: 'NIFTY', ...fields } as never;
    await expect(client.history(request)).rejects.toMatchObject({ code });
  });
});

it('a gateway without history refuses it at once', async () => {
  start({ limits: { history_seconds: 0 } });
  const asked = client.history({ type: 'product', symbol: 'NIFTY' });
  await expect(asked).rejects.toMatchObject({ code: 'HISTORY_UNAVAILABLE' });
});

describe('a series', () => {
  it('continues the history with live prices, each once and in order', async () => {
    start();
    for (const second of [1, 2, 3]) publish(second);
    const series = open();
    expect(series).toMatchObject({ loading: true, stale: true, points: [] });
    await gateway.settle();
    expect(pricesIn(series)).toEqual([1, 2, 3]);
    publish(4);
    expect(series).toMatchObject({ loading: false, stale: false, error: undefined });
    expect(pricesIn(series)).toEqual([1, 2, 3, 4]);
    expect(series.points[3]).toEqual({ timestamp: at(4), price: 4 });
  });

  it('joins prices that come in any turn between the request for the history and its page', async () => {
    for (let turns = 0; turns < 60; turns++) {
      start();
      for (const second of [1, 2, 3]) publish(second);
      const series = open();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      publish(4);
      for (let turn = 0; turn < 3; turn++) await Promise.resolve();
      publish(5);
      await gateway.settle();
      expect([turns, pricesIn(series)]).toEqual([turns, [1, 2, 3, 4, 5]]);
      series.close();
      gateway.close();
    }
  });

  it('of bars counts each price once, in whichever turn it comes', async () => {
    for (let turns = 0; turns < 80; turns++) {
      start();
      const prices = [5, 20, 62, 70].map((second) => publish(second));
      const series = open({ resolution: '1m' });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      prices.push(publish(80, 1));
      for (let turn = 0; turn < 3; turn++) await Promise.resolve();
      prices.push(publish(130));
      await gateway.settle();
      prices.push(publish(131));
      expect([turns, series.points]).toEqual([turns, barsOf(prices, 60_000)]);
      series.close();
      gateway.close();
    }
  });

  it('has at most `limit` points, the newest', async () => {
    start();
    for (const second of [1, 2, 3, 4]) publish(second);
    const series = open({ limit: 3 });
    await gateway.settle();
    publish(5);
    expect(pricesIn(series)).toEqual([3, 4, 5]);
  });

  it.each([true, false])(
    'has what was published while the client was not connected (resume: %s)',
    async (resume) => {
      start({ resume });
      publish(1);
      const series = open();
      await gateway.settle();
      gateway.disconnect();
      for (const second of [2, 3, 4]) publish(second);
      await gateway.settle();
      expect([pricesIn(series), series.stale]).toEqual([[1], true]);
      gateway.reconnect();
      jest.advanceTimersByTime(100);
      await gateway.settle();
      publish(5);
      expect(pricesIn(series)).toEqual([1, 2, 3, 4, 5]);
      const asked = gateway.requests.filter(({ event }) => event === 'get_history');
      expect(asked).toHaveLength(resume ? 1 : 2);
    },
  );

  it('reads the history again after a gap, and when it moves to another replica', async () => {
    start({ resume: true });
    publish(1);
    const series = open();
    await gateway.settle();
    const asked = () => gateway.requests.filter(({ event }) => event === 'get_history').length;
    gateway.drain({ reconnectInMs: 100 });
    await jest.advanceTimersByTimeAsync(200);
    await gateway.settle();
    publish(2);
    expect([asked(), pricesIn(series)]).toEqual([2, [1, 2]]);
    gateway.disconnect();
    gateway.loseHistory();
    publish(3);
    gateway.reconnect();
    await jest.advanceTimersByTimeAsync(200);
    await gateway.settle();
    expect([asked(), pricesIn(series)]).toEqual([3, [3]]);
  });

  it('goes on with live prices if there is no history, and says why', async () => {
    start();
    gateway.reject('get_history', 'HISTORY_UNAVAILABLE');
    publish(1);
    const series = open();
    await gateway.settle();
    publish(2);
    expect(series).toMatchObject({ loading: false, error: { code: 'HISTORY_UNAVAILABLE' } });
    expect(pricesIn(series)).toEqual([1, 2]);
  });

  it('says that its subscription was refused', async () => {
    start();
    gateway.reject('product:NIFTY', 'FORBIDDEN');
    const series = open();
    await gateway.settle();
    expect(series).toMatchObject({ loading: false, stale: true, error: { code: 'FORBIDDEN' } });
  });

  it('leaves its room when it is closed, and does not change any more', async () => {
    start();
    const series = open();
    await gateway.settle();
    series.close();
    await gateway.settle();
    publish(1);
    expect([gateway.rooms(client), series.points]).toEqual([[], []]);
  });
});

describe('resume', () => {
  it('replays what a client missed, and reports a gap if that is lost', async () => {
    start({ resume: true });
    const resuming = gateway.connect({ resume: true });
    publish(1);
    const handle = resuming.subscribe({ type: 'product', symbol: 'NIFTY' });
    const heard: unknown[] = [];
    handle.on('update', ({ price }) => heard.push(price));
    handle.on('gap', ({ since }) => heard.push(since));
    await gateway.settle();
    const offline = async (...seconds: number[]) => {
      gateway.disconnect();
      for (const second of seconds) publish(second);
      gateway.reconnect();
      jest.advanceTimersByTime(100);
      await gateway.settle();
    };
    await offline(2, 3, 4);
    gateway.loseHistory();
    await offline(5, 6);
    expect(heard).toEqual([1, 2, 3, 4, at(4), 6]);
    expect(gateway.rooms(resuming)).toEqual(['general', 'product:NIFTY']);
  });
});
