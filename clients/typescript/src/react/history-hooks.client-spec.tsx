/** @jest-environment jsdom */
import { act, render, screen } from '@testing-library/react';
import { StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import type { HistoryRequest, HistoryResolution, SocketClient } from '../index.js';
import { FakeGateway } from '../testing/index.js';
import { GatewayProvider, useHistory, useSeries } from './index.js';

const PERIOD = Date.UTC(2026, 10, 23, 5, 0, 0);
const at = (second: number): string => new Date(PERIOD + second * 1_000).toISOString();

let gateway: FakeGateway;
let client: SocketClient;
beforeEach(() => {
  jest.useFakeTimers();
  gateway = new FakeGateway({ products: ['A', 'B'] });
  client = gateway.connect({ general: false });
});
afterEach(() => {
  gateway.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const publish = (second: number, product = 'A') =>
  gateway.publishPrice(product, second, { timestamp: at(second) });
const frame = (ms = 16) =>
  act(async () => {
    await gateway.settle();
    jest.advanceTimersByTime(ms);
    await gateway.settle();
    jest.advanceTimersByTime(16);
  });
const inProvider = (children: React.ReactNode, provided: SocketClient | undefined = client) => (
  <GatewayProvider client={provided}>{children}</GatewayProvider>
);
const shown = () => screen.getByRole('status').textContent;
const asked = () => gateway.requests.filter(({ event }) => event === 'get_history').length;

describe('useSeries', () => {
  function Chart({ symbol, resolution }: { symbol: string | undefined; resolution?: HistoryResolution }) {
    const { points, loading, stale, error } = useSeries(symbol, { resolution, limit: 4 });
    const texts = points.map((point) => ('price' in point ? point.price : `${point.close}/${point.count}`));
    const states = [loading && 'loading', stale && 'stale', (error as { code?: string } | undefined)?.code];
    return <p role="status">{[...texts, ...states.filter(Boolean)].join(' ')}</p>;
  }

  it('shows the history first and then live prices, without a seam, bounded', async () => {
    for (const second of [1, 2, 3]) publish(second);
    render(inProvider(<Chart symbol="A" />));
    expect(shown()).toBe('loading stale');
    await frame();
    expect(shown()).toBe('1 2 3');
    publish(4);
    publish(5);
    await frame();
    expect(shown()).toBe('2 3 4 5');
  });

  it('shows what was missed after a reconnection', async () => {
    publish(1);
    render(inProvider(<Chart symbol="A" />));
    await frame();
    act(() => gateway.disconnect());
    publish(2);
    publish(3);
    await frame();
    expect(shown()).toBe('1 stale');
    gateway.reconnect();
    await frame(100);
    expect(shown()).toBe('1 2 3');
  });

  it('shows bars, whose last one follows the live prices', async () => {
    for (const second of [1, 2, 61]) publish(second);
    render(inProvider(<Chart symbol="A" resolution="1m" />));
    await frame();
    expect(shown()).toBe('2/2 61/1');
    publish(62);
    publish(120);
    await frame();
    expect(shown()).toBe('2/2 62/2 120/1');
  });

  it('follows its props, and leaves nothing behind', async () => {
    publish(1);
    publish(7, 'B');
    const view = render(inProvider(<Chart symbol="A" />));
    await frame();
    view.rerender(inProvider(<Chart symbol="B" />));
    expect(shown()).toBe('loading stale');
    await frame();
    expect([shown(), gateway.rooms()]).toEqual(['7', ['product:B']]);
    view.rerender(inProvider(<Chart symbol={undefined} />));
    expect(shown()).toBe('stale');
    view.unmount();
    await frame();
    expect(gateway.rooms()).toEqual([]);
  });

  it('in StrictMode shows each point once', async () => {
    for (const second of [1, 2]) publish(second);
    render(<StrictMode>{inProvider(<Chart symbol="A" />)}</StrictMode>);
    await frame();
    publish(3);
    await frame();
    expect(shown()).toBe('1 2 3');
  });

  it('shows live prices if there is no history, and the error', async () => {
    gateway.reject('get_history', 'FORBIDDEN');
    render(inProvider(<Chart symbol="A" />));
    await frame();
    publish(1);
    await frame();
    expect(shown()).toBe('1 FORBIDDEN');
  });

  it('is empty on a server', () => {
    expect(renderToString(inProvider(<Chart symbol="A" />))).toContain('loading stale');
    const none = inProvider(<Chart symbol="A" />, undefined);
    expect(renderToString(none)).toContain('loading stale');
    expect(asked()).toBe(0);
  });
});

describe('useHistory', () => {
  let reload: () => void;
  function Past({ request }: { request: HistoryRequest | undefined }) {
    const view = useHistory(request);
    ({ reload } = view);
    const { records, loading, error } = view;
    const states = [loading && 'loading', (error as { code?: string } | undefined)?.code];
    return <p role="status">{[...records.map(({ price }) => price), ...states.filter(Boolean)].join(' ')}</p>;
  }
  const request = (symbol: string): HistoryRequest => ({ type: 'product', symbol, limit: 2 });

  it('shows a page, asked for once however often the component renders', async () => {
    for (const second of [1, 2, 3]) publish(second);
    const view = render(inProvider(<Past request={request('A')} />));
    expect(shown()).toBe('loading');
    await frame();
    view.rerender(inProvider(<Past request={request('A')} />));
    await frame();
    expect([shown(), asked()]).toEqual(['2 3', 1]);
  });

  it('follows its request, and ignores the answer to the one before', async () => {
    publish(1);
    publish(7, 'B');
    const view = render(inProvider(<Past request={request('A')} />));
    view.rerender(inProvider(<Past request={request('B')} />));
    await frame();
    expect(shown()).toBe('7');
    view.rerender(inProvider(<Past request={undefined} />));
    expect(shown()).toBe('');
    view.unmount();
  });

  it('shows an error, and asks again when told to', async () => {
    publish(1);
    gateway.reject('get_history', 'FORBIDDEN');
    render(inProvider(<Past request={request('A')} />));
    await frame();
    expect(shown()).toBe('FORBIDDEN');
    gateway.allow('get_history');
    act(() => reload());
    expect(shown()).toBe('loading');
    await frame();
    expect(shown()).toBe('1');
    publish(2);
    act(() => reload());
    expect(shown()).toBe('1 loading');
    await frame();
    expect(shown()).toBe('1 2');
  });
});
