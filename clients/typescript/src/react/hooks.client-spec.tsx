/** @jest-environment jsdom */
import { act, render, screen } from '@testing-library/react';
import { StrictMode, useRef } from 'react';
import { FakeGateway, refusal, settle } from '../../../../test/clients/support/fake-gateway.js';
import { chainView } from '../../../../test/support/chain-views.js';
import { chainUpdate, underlying } from '../../../../test/support/messages.js';
import {
  type ChainView,
  GatewayProvider,
  useAge,
  useChain,
  useConnection,
  useNotice,
  usePortfolio,
  useProduct,
  type ViewOptions,
} from './index.js';
import type { AskedView } from '../index.js';
import { Watch } from './watch.js';

/** The next frame, in which hooks show what has come. */
const frame = () => act(() => jest.advanceTimersByTime(16));
const say = (gateway: FakeGateway, event: string, payload: unknown) => {
  act(() => gateway.last.say(event, payload));
  frame();
};
const drop = () => {
  act(() => gateway.last.drop());
  frame();
};
const turn = async () => {
  await act(settle);
  frame();
};

let gateway: FakeGateway;
let client: Awaited<ReturnType<FakeGateway['up']>>;
beforeEach(async () => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
  gateway = new FakeGateway();
  client = await gateway.up({ general: false });
});
afterEach(() => {
  client.close();
  jest.useRealTimers();
});

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
    drop();
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

describe('a view', () => {
  let count: number;
  beforeEach(() => (count = 0));
  const requests = () => gateway.last.asked('subscribe');

  function Columns({ view, expiry }: { view: AskedView; expiry?: string }) {
    count += 1;
    const { chain: one, error } = useChain('A', { expiry, view });
    return <p data-testid="it">{error?.code ?? `${one?.spot_price} ${one?.view.mode}`}</p>;
  }

  it('is asked for once, although each render makes a new object of the same values', async () => {
    const page = render(inProvider(<Columns view={{ mode: 'ltp' }} expiry="2026-11-26" />));
    await turn();
    page.rerender(inProvider(<Columns view={{ mode: 'ltp' }} expiry="2026-11-26" />));
    await turn();
    expect(requests()).toEqual([{ type: 'chain', symbol: 'A', expiry: '2026-11-26', view: { mode: 'ltp' } }]);
    say(gateway, 'chain_view', chainView('A', 1, { mode: 'ltp' }));
    expect(shown('it')).toBe('1 ltp');
  });

  it('changes in one request, and the last one is shown until then', async () => {
    const page = render(
      inProvider(
        <StrictMode>
          <Columns view={{ mode: 'ltp' }} />
        </StrictMode>,
      ),
    );
    await turn();
    say(gateway, 'chain_view', chainView('A', 2, { mode: 'ltp' }));
    page.rerender(
      inProvider(
        <StrictMode>
          <Columns view={{ mode: 'quote' }} />
        </StrictMode>,
      ),
    );
    await turn();
    expect(requests().at(-1)).toEqual({ type: 'chain', symbol: 'A', view: { mode: 'quote' }, replace: true });
    expect(shown('it')).toBe('2 ltp');
    say(gateway, 'chain_view', chainView('A', 1, { mode: 'quote' }));
    expect(shown('it')).toBe('2 ltp');
    say(gateway, 'chain_view', chainView('A', 3, { mode: 'quote' }));
    expect(shown('it')).toBe('3 quote');
  });

  it('that is refused has an error, which the next one ends', async () => {
    const page = render(inProvider(<Columns view={{ strikes: -1 }} />));
    await turn();
    expect(shown('it')).toBe('INVALID_VIEW');
    page.rerender(inProvider(<Columns view={{ mode: 'ltp' }} />));
    await turn();
    expect(shown('it')).toBe('undefined undefined');
    gateway.refuses = ({ view }) => (view?.mode === 'full' ? refusal('FORBIDDEN') : undefined);
    page.rerender(inProvider(<Columns view={{ mode: 'full' }} />));
    await turn();
    expect(shown('it')).toBe('FORBIDDEN');
    page.rerender(inProvider(<Columns view={{ mode: 'quote' }} />));
    await turn();
    expect(shown('it')).toBe('undefined undefined');
    expect(prices()).toEqual(['chain:A@quote']);
  });

  it('is rendered at most every `everyMs`, and only when the selected part changes', async () => {
    function Selected() {
      count += 1;
      const spot = useChain('A', {
        view: { mode: 'ltp' },
        everyMs: 500,
        select: ({ chain: one }) => Math.ceil((one?.spot_price ?? 0) / 10),
      });
      return <p data-testid="it">{spot}</p>;
    }
    render(inProvider(<Selected />));
    await turn();
    say(gateway, 'chain_view', chainView('A', 1, { mode: 'ltp' }));
    const before = count;
    for (let n = 2; n <= 11; n++) say(gateway, 'chain_view', chainView('A', n, { mode: 'ltp' }));
    expect([shown('it'), count]).toEqual(['1', before]);
    act(() => jest.advanceTimersByTime(500));
    frame();
    expect([shown('it'), count]).toEqual(['2', before + 1]);
  });

  it('of a product has a lower rate, and may end', async () => {
    function Rated({ rate }: { rate?: number }) {
      const { update } = useProduct('A', { view: rate === undefined ? undefined : { max_rate: rate } });
      return <p data-testid="it">{update?.price}</p>;
    }
    const page = render(inProvider(<Rated rate={1} />));
    await turn();
    expect(prices()).toEqual(['product:A@1hz']);
    page.rerender(inProvider(<Rated />));
    await turn();
    expect(prices()).toEqual(['product:A']);
  });
});

describe('a feed that is faster than the page', () => {
  /** What was rendered: the price of the chain that was shown, and its age then. */
  let seen: { price: number | undefined; lateMs: number }[];
  let sentAt: number[];
  /** What rendering has cost so far, ms: while the page renders, no message is handled. */
  let spent: number;
  const RENDER_MS = 180;
  const now = () => Date.now() + spent;

  beforeEach(() => ([seen, sentAt, spent] = [[], [], 0]));

  function Slow(props: ViewOptions<ChainView>) {
    const { chain: one } = useChain('A', undefined, props);
    if (one) spent += RENDER_MS;
    if (one) seen.push({ price: one.spot_price, lateMs: now() - sentAt[one.spot_price]! });
    return <p data-testid="slow">{one?.spot_price}</p>;
  }

  /** Ten chains a second. Each is handled when it has come and the page is not rendering. */
  function feed(count: number): void {
    const began = now();
    for (let n = 1; n <= count; n++) {
      sentAt[n] = began + n * 100;
      if (sentAt[n]! > now()) act(() => jest.advanceTimersByTime(sentAt[n]! - now()));
      act(() => gateway.last.say('chain_update', chainUpdate('A', n, '2026-11-26')));
    }
    frame();
  }

  it('is shown late by at most one render, and ends with the newest', async () => {
    render(inProvider(<Slow />));
    await turn();
    feed(100);
    expect(shown('slow')).toBe('100');
    // A render, the render that it waited for, and the frame in between.
    expect(Math.max(...seen.map(({ lateMs }) => lateMs))).toBeLessThanOrEqual(2 * RENDER_MS + 16);
  });

  it('is shown once a frame, the newest of it', async () => {
    render(inProvider(<Slow />));
    await turn();
    for (let n = 1; n <= 50; n++) {
      sentAt[n] = now();
      act(() => gateway.last.say('chain_update', chainUpdate('A', n, '2026-11-26')));
    }
    expect(seen).toEqual([]);
    frame();
    expect(seen.map(({ price }) => price)).toEqual([50]);
  });

  it('is shown as often as everyMs says, and its newest in the end', async () => {
    render(inProvider(<Slow everyMs={1_000} />));
    await turn();
    act(() => jest.advanceTimersByTime(1_000));
    spent = -Infinity; // This page is fast.
    for (let n = 1; n <= 30; n++) {
      act(() => gateway.last.say('chain_update', chainUpdate('A', n, '2026-11-26')));
      act(() => jest.advanceTimersByTime(100));
    }
    expect(seen.length).toBeLessThanOrEqual(4);
    act(() => jest.advanceTimersByTime(1_100));
    expect(shown('slow')).toBe('30');
  });

  it('says at once that it is stale, whatever everyMs says', async () => {
    function Stale() {
      return <p data-testid="it">{String(useProduct('A', { everyMs: 60_000 }).stale)}</p>;
    }
    render(inProvider(<Stale />));
    await turn();
    say(gateway, 'underlying_update', underlying('A', 1));
    expect(shown('it')).toBe('false');
    drop();
    expect(shown('it')).toBe('true');
  });

  it('renders only for what is selected', async () => {
    let count = 0;
    function Selected() {
      count += 1;
      const { strikes, stale } = useChain('A', undefined, {
        select: ({ chain: one, stale: isStale }) => ({ strikes: one?.strikes.length, stale: isStale }),
      });
      return <p data-testid="it">{`${strikes} ${stale}`}</p>;
    }
    render(inProvider(<Selected />));
    await turn();
    say(gateway, 'chain_update', chainUpdate('A', 1, '2026-11-26'));
    const [text, before] = [shown('it'), count];
    say(gateway, 'chain_update', chainUpdate('A', 2, '2026-11-26'));
    expect([shown('it'), count]).toEqual([text, before]);
    drop();
    expect(shown('it')).toBe(`${text.split(' ')[0]} true`);
  });

  it('sees a Map that was selected change', async () => {
    function Chains() {
      const chains = useChain('A', undefined, { select: (view) => view.chains });
      return <p data-testid="it">{[...chains.keys()].join(' ')}</p>;
    }
    render(inProvider(<Chains />));
    await turn();
    say(gateway, 'chain_update', chainUpdate('A', 1, '2026-11-26'));
    say(gateway, 'chain_update', chainUpdate('A', 1, '2026-12-03'));
    expect(shown('it')).toBe('2026-11-26 2026-12-03');
  });
});

describe('the age of what is shown', () => {
  it('is exposed, and grows while nothing arrives', async () => {
    function Age() {
      const { update, ageMs } = useProduct('A');
      return <p data-testid="age">{`${ageMs} ${useAge(update)}`}</p>;
    }
    render(inProvider(<Age />));
    expect(shown('age')).toBe('undefined undefined');
    await turn();
    const update = underlying('A', 1);
    jest.setSystemTime(Date.parse(`${update.timestamp.slice(0, 19)}Z`) + 5_000 - 16);
    say(gateway, 'underlying_update', update);
    const [ofView, ticking] = shown('age').split(' ').map(Number);
    expect(ofView).toBeGreaterThan(3_000);
    expect(ticking).toBe(ofView);
    drop();
    act(() => jest.advanceTimersByTime(3_000));
    expect(Number(shown('age').split(' ')[1])).toBeGreaterThanOrEqual(ofView! + 2_000);
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

describe('useNotice', () => {
  function Banner() {
    const { notice, dismiss } = useNotice();
    return (
      <p data-testid="notice" onClick={dismiss}>
        {notice ? `${notice.level}: ${notice.text}` : 'none'}
      </p>
    );
  }
  const notice = (text: string) => ({ level: 'warning', text, sent_at: 1_795_236_219.341 });

  it('shows the newest notice until it is dismissed', () => {
    render(inProvider(<Banner />));
    expect(shown('notice')).toBe('none');
    say(gateway, 'notice', notice('Prices are late.'));
    say(gateway, 'notice', notice('Prices are on time.'));
    expect(shown('notice')).toBe('warning: Prices are on time.');
    act(() => screen.getByTestId('notice').click());
    expect(shown('notice')).toBe('none');
    say(gateway, 'notice', notice('Prices are late again.'));
    expect(shown('notice')).toBe('warning: Prices are late again.');
  });

  it('does not show a notice that another client received', async () => {
    const { rerender } = render(inProvider(<Banner />));
    say(gateway, 'notice', notice('Prices are late.'));
    const other = await new FakeGateway().up();
    rerender(
      <GatewayProvider client={other}>
        <Banner />
      </GatewayProvider>,
    );
    expect(shown('notice')).toBe('none');
    say(gateway, 'notice', notice('Prices are on time.'));
    expect(shown('notice')).toBe('none');
    other.close();
  });

  it('shows nothing without a client', () => {
    render(
      <GatewayProvider client={undefined}>
        <Banner />
      </GatewayProvider>,
    );
    expect(shown('notice')).toBe('none');
  });
});

describe('usePortfolio', () => {
  const portfolio = (cash: number, user = '42') => ({
    user_id: user,
    timestamp: new Date(1_790_000_000_000 + cash).toISOString(),
    cash,
  });
  const isOfPortfolio = (request: unknown) => (request as { type?: string }).type === 'portfolio';
  const connectAs = async (user: string | null) => {
    await act(() => gateway.pass(1_000));
    const connected = user === null ? null : { user_id: user, role: 'user', expires_at: 2_000_000_000 };
    act(() => gateway.last.connected({}, [], connected));
    await turn();
  };

  function Cash({ id = 'cash' }: { id?: string }) {
    const { portfolio: shown, stale, error } = usePortfolio<ReturnType<typeof portfolio>>();
    return <p data-testid={id}>{error ? error.code : `${shown?.cash ?? 'none'}${stale ? ' stale' : ''}`}</p>;
  }

  it('shows the newest portfolio, also in the first paint of a second component', async () => {
    const { rerender } = render(inProvider([<Cash key="1" />]));
    expect(shown('cash')).toBe('none stale');
    await turn();
    say(gateway, 'portfolio_update', portfolio(1));
    expect(shown('cash')).toBe('1');
    say(gateway, 'portfolio_status', { status: 'stale', last_update: null, age_ms: null });
    expect(shown('cash')).toBe('1 stale');
    rerender(inProvider([<Cash key="1" />, <Cash key="2" id="second" />]));
    expect(shown('second')).toBe('1 stale');
  });

  it('never shows the portfolio of the former user to another one', async () => {
    render(inProvider(<Cash />));
    await turn();
    say(gateway, 'portfolio_update', portfolio(5));
    drop();
    expect(shown('cash')).toBe('5 stale');
    await connectAs('7');
    expect(shown('cash')).toBe('none stale');
    say(gateway, 'portfolio_update', portfolio(1, '7'));
    expect(shown('cash')).toBe('1');
  });

  it('shows no portfolio but the error when it is withdrawn, and subscribes again on the next connection', async () => {
    function Both() {
      const { portfolio: mine, error } = usePortfolio<ReturnType<typeof portfolio>>();
      return <p data-testid="both">{`${mine?.cash ?? 'none'} ${error?.message ?? 'no error'}`}</p>;
    }
    const { rerender } = render(inProvider([<Both key="1" />, <Cash key="2" />]));
    await turn();
    say(gateway, 'portfolio_update', portfolio(5));
    expect(shown('both')).toBe('5 no error');
    const message = 'Unsubscribed from portfolio: the new token is of another user';
    say(gateway, 'unsubscribed', { room: 'portfolio', message });
    await turn();
    expect(shown('both')).toBe(`none ${message}`);
    expect(shown('cash')).toBe('FORBIDDEN');
    expect(gateway.last.asked('subscribe').filter(isOfPortfolio)).toHaveLength(1);
    drop();
    await connectAs('7');
    expect([shown('both'), shown('cash')]).toEqual(['none no error', 'none stale']);
    say(gateway, 'portfolio_update', portfolio(1, '7')); // older than that of the former user
    expect([shown('both'), shown('cash')]).toEqual(['1 no error', '1']);
    rerender(inProvider([]));
    await turn();
    drop();
    await connectAs('7');
    expect(gateway.last.asked('subscribe').filter(isOfPortfolio)).toEqual([]);
  });

  it('does not keep the portfolio of the former user that a second component began with', async () => {
    const { rerender } = render(inProvider([<Cash key="1" />]));
    await turn();
    say(gateway, 'portfolio_update', portfolio(5));
    drop();
    rerender(inProvider([<Cash key="1" />, <Cash key="2" id="second" />]));
    expect(shown('second')).toBe('5 stale');
    await connectAs('7');
    expect([shown('cash'), shown('second')]).toEqual(['none stale', 'none stale']);
  });

  it('is stale after a reconnection until the gateway has sent it', async () => {
    render(inProvider(<Cash />));
    await turn();
    say(gateway, 'portfolio_update', portfolio(5));
    drop();
    await connectAs('42');
    expect(gateway.last.rooms).toContain('portfolio');
    say(gateway, 'portfolio_update', portfolio(5));
    expect(shown('cash')).toBe('5');
    drop();
    await connectAs('42');
    expect(shown('cash')).toBe('5 stale');
  });

  it('shows why the gateway refuses it', async () => {
    gateway.refuses = (_, event) => (event === 'subscribe' ? refusal('FORBIDDEN') : undefined);
    render(inProvider(<Cash />));
    await turn();
    expect(shown('cash')).toBe('FORBIDDEN');
  });

  it('renders only for what it selects, and at most every everyMs', async () => {
    let renders = 0;
    function Sign() {
      renders += 1;
      const options = {
        everyMs: 100,
        select: ({ portfolio: all }: { portfolio: object | undefined }) => !!all,
      };
      return <p data-testid="sign">{String(usePortfolio(options))}</p>;
    }
    render(inProvider(<Sign />));
    await turn();
    say(gateway, 'portfolio_update', portfolio(1));
    expect(shown('sign')).toBe('true');
    const before = renders;
    say(gateway, 'portfolio_update', portfolio(2));
    act(() => jest.advanceTimersByTime(200));
    expect(renders).toBe(before);
  });
});
