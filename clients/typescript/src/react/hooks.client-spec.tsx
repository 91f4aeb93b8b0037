/** @jest-environment jsdom */
import { act, render, screen } from '@testing-library/react';
import { StrictMode, useRef } from 'react';
import { FakeGateway, refusal, settle } from '../../../../test/clients/support/fake-gateway.js';
import { chainUpdate, underlying } from '../../../../test/support/messages.js';
import { GatewayProvider, useChain, useConnection, useProduct } from './index.js';
import { Watch } from './watch.js';

const say = (gateway: FakeGateway, event: string, payload: unknown) =>
  act(() => gateway.last.say(event, payload));
const turn = () => act(settle);

let gateway: FakeGateway;
let client: Awaited<ReturnType<FakeGateway['up']>>;
beforeEach(async () => {
  gateway = new FakeGateway();
  client = await gateway.up({ general: false });
});
afterEach(() => client.close());

function Price({ symbol, id = symbol ?? '' }: { symbol?: string; id?: string }) {
  const { update, stale, error } = useProduct(symbol);
  const renders = useRef(0);
  renders.current += 1;
  return (
    <p data-testid={id} data-renders={renders.current}>
      {error ? error.code : `${update?.price ?? 'none'}${stale ? ' stale' : ''}`}
    </p>
  );
}
const shown = (id: string) => screen.getByTestId(id).textContent;
const renders = (id: string) => Number(screen.getByTestId(id).dataset.renders);
const inProvider = (children: React.ReactNode) => (
  <GatewayProvider client={client}>{children}</GatewayProvider>
);
const prices = () => [...gateway.last.rooms].sort();

describe('useProduct', () => {
  it('shows each price, and whether it has stopped', async () => {
    render(inProvider(<Price symbol="A" />));
    expect(shown('A')).toBe('none stale');
    await turn();
    say(gateway, 'underlying_update', underlying('A', 1));
    expect(shown('A')).toBe('1');
    say(gateway, 'feed_status', { product: 'A', status: 'stale', last_update: null, age_ms: null });
    expect(shown('A')).toBe('1 stale');
    say(gateway, 'feed_status', { product: 'A', status: 'live', last_update: null, age_ms: null });
    act(() => gateway.last.drop());
    expect(shown('A')).toBe('1 stale');
  });

  it('does not render for another product, nor for an update without news', async () => {
    render(inProvider([<Price key="A" symbol="A" />, <Price key="B" symbol="B" />]));
    await turn();
    say(gateway, 'underlying_update', underlying('A', 1));
    const before = [renders('A'), renders('B')];
    say(gateway, 'underlying_update', underlying('B', 1));
    say(gateway, 'underlying_update', underlying('A', 1));
    expect([renders('A'), renders('B')]).toEqual([before[0], before[1]! + 1]);
  });

  it('unsubscribes on unmount, and follows its props', async () => {
    const view = render(inProvider(<Price symbol="A" id="it" />));
    await turn();
    say(gateway, 'underlying_update', underlying('A', 1));
    view.rerender(inProvider(<Price symbol="B" id="it" />));
    expect(shown('it')).toBe('none stale');
    await turn();
    expect(prices()).toEqual(['product:B']);
    view.rerender(inProvider(<Price id="it" />));
    await turn();
    expect(prices()).toEqual([]);
    expect(shown('it')).toBe('none stale');
    view.unmount();
  });

  it('in StrictMode subscribes once, keeps its room through a remount, and leaves no subscription behind', async () => {
    const view = render(<StrictMode>{inProvider(<Price symbol="A" />)}</StrictMode>);
    await turn();
    say(gateway, 'underlying_update', underlying('A', 1));
    view.rerender(<StrictMode>{inProvider(<Price key="again" symbol="A" />)}</StrictMode>);
    expect(shown('A')).toBe('1');
    await turn();
    expect(gateway.last.asked('subscribe')).toHaveLength(1);
    view.unmount();
    await turn();
    expect(prices()).toEqual([]);
  });

  it('shows the same in two components of one product, even if one is mounted later', async () => {
    const view = render(inProvider(<Price symbol="A" id="one" />));
    await turn();
    say(gateway, 'underlying_update', underlying('A', 1));
    view.rerender(inProvider([<Price key="1" symbol="A" id="one" />, <Price key="2" symbol="A" id="two" />]));
    expect([shown('one'), shown('two')]).toEqual(['1', '1']);
    say(gateway, 'underlying_update', underlying('A', 2));
    expect([shown('one'), shown('two')]).toEqual(['2', '2']);
  });

  it.each([
    ['FORBIDDEN', 'A'],
    ['INVALID_SYMBOL', 'A B'],
  ])('shows %s', async (code, symbol) => {
    gateway.refuses = () => refusal('FORBIDDEN');
    render(inProvider(<Price symbol={symbol} />));
    await turn();
    expect(shown(symbol)).toBe(code);
  });
});

describe('useChain', () => {
  function Chain({ expiry }: { expiry?: string }) {
    const { chain: one, chains } = useChain('A', expiry);
    return (
      <p data-testid="chain">{`${one?.expiry} ${one?.spot_price} of ${[...chains.keys()].join(' ')}`}</p>
    );
  }

  it('shows the nearest expiry and all of them, or the requested one', async () => {
    const view = render(inProvider(<Chain />));
    await turn();
    say(gateway, 'chain_update', chainUpdate('A', 1, '2026-12-03'));
    say(gateway, 'chain_update', chainUpdate('A', 2, '2026-11-26'));
    say(gateway, 'chain_update', chainUpdate('A', 3, '2026-12-03'));
    expect(shown('chain')).toBe('2026-11-26 2 of 2026-11-26 2026-12-03');
    view.rerender(inProvider(<Chain expiry="2026-12-03" />));
    await turn();
    expect(prices()).toEqual(['chain:A:2026-12-03']);
    expect(shown('chain')).toBe('2026-12-03 3 of 2026-12-03');
  });
});

describe('stale', () => {
  function Shown() {
    const { stale, update } = useProduct('A');
    const { stale: chainStale, chain: one } = useChain('A');
    return <p data-testid="stale">{`${update?.price} ${stale} ${one?.spot_price} ${chainStale}`}</p>;
  }

  it('is true until there is a price, and for a withdrawn chain whose product is live', async () => {
    render(inProvider(<Shown />));
    await turn();
    expect(client.isStale('A')).toBe(false);
    expect(shown('stale')).toBe('undefined true undefined true');
    say(gateway, 'underlying_update', underlying('A', 1));
    say(gateway, 'chain_update', chainUpdate('A', 2, '2026-11-26'));
    expect(shown('stale')).toBe('1 false 2 false');
    say(gateway, 'unsubscribed', { room: 'chain:A', message: '' });
    expect(shown('stale')).toBe('1 false 2 true');
  });

  it('is current as soon as a component watches again after a time offline', async () => {
    const watch = new Watch(client, { type: 'product', symbol: 'A' });
    const leave = watch.subscribe(() => undefined);
    await turn();
    say(gateway, 'underlying_update', underlying('A', 1));
    leave();
    act(() => gateway.last.drop());
    watch.subscribe(() => undefined)();
    expect(watch.current()).toMatchObject({ stale: true, update: { price: 1 } });
  });
});

describe('useConnection', () => {
  function State() {
    const connection = useConnection();
    return <p data-testid="state">{`${connection.state} ${connection.client === client}`}</p>;
  }

  it('shows the state as it changes', () => {
    render(inProvider(<State />));
    expect(shown('state')).toBe('connected true');
    act(() => gateway.last.drop());
    expect(shown('state')).toBe('reconnecting true');
    act(() => client.close());
    expect(shown('state')).toBe('closed true');
  });

  it('throws an explanation if there is no provider', () => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(() => render(<State />)).toThrow('GatewayProvider');
    jest.restoreAllMocks();
  });
});
