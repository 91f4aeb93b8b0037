'use client';
import { useCallback, useEffect, useMemo, useReducer, useRef, useState, useSyncExternalStore } from 'react';
import type {
  AskedRate,
  AskedView,
  ChainUpdate,
  ChainView as ChainColumns,
  ConnectionState,
  Notice,
  PortfolioUpdate,
  SocketClient,
  SubscriptionError,
  UnderlyingUpdate,
} from '../index.js';
import type { ChainRequest, ChainViewRequest, PortfolioRequest, ProductRequest } from '../request.js';
import { useClient } from './provider.js';
import { ageOf, EMPTY, type View, Watch } from './watch.js';

export interface ProductView {
  readonly update: UnderlyingUpdate | undefined;
  /** Whether the price cannot be relied on. True until there is one. */
  readonly stale: boolean;
  /** The reason for which the gateway rejected the subscription. */
  readonly error: SubscriptionError | undefined;
  /**
   * How old `update` is at the moment you read this, by its timestamp and this machine's clock, in
   * ms.
   */
  readonly ageMs: number | undefined;
}

/** @typeParam C the chain, or with the option `view` the view of it */
export interface ChainView<C extends ChainUpdate | ChainColumns = ChainUpdate> {
  /** The chain of the requested expiry, or the nearest one. */
  readonly chain: C | undefined;
  /** The chains by expiry, nearest first. */
  readonly chains: ReadonlyMap<string, C>;
  readonly stale: boolean;
  readonly error: SubscriptionError | undefined;
  /**
   * How old `chain` is at the moment you read this, by its timestamp and this machine's clock, in
   * ms.
   */
  readonly ageMs: number | undefined;
}

/** @typeParam P the portfolio with the fields that the platform gives it */
export interface PortfolioView<P extends PortfolioUpdate = PortfolioUpdate> {
  readonly portfolio: P | undefined;
  /** Whether the portfolio cannot be relied on. True until there is one. */
  readonly stale: boolean;
  /** The reason for which the gateway rejected the subscription, such as `FORBIDDEN` without a token. */
  readonly error: SubscriptionError | undefined;
  /**
   * How old `portfolio` is at the moment you read this, by its timestamp and this machine's clock,
   * in ms.
   */
  readonly ageMs: number | undefined;
}

/** How often a component renders, and for what. */
export interface ViewOptions<V, S = V> {
  /**
   * Shows a new update at most this often, in ms. Default: once a frame. The newest update is shown
   * in any case, and a change of `stale` or `error` in the next frame.
   */
  readonly everyMs?: number | undefined;
  /**
   * What the component uses of the view, which is then what the hook returns. The component only
   * renders when it changes; of an object or array, when one of its values does.
   */
  readonly select?: ((view: V) => S) | undefined;
}

export interface ProductOptions<S> extends ViewOptions<ProductView, S> {
  /** A lower rate, which the gateway keeps to, unlike `everyMs`. */
  readonly view?: AskedRate | undefined;
}

export interface ChainOptions<V, S> extends ViewOptions<V, S> {
  readonly expiry?: string | undefined;
  readonly view?: undefined;
}

export interface ChainViewOptions<S> extends ViewOptions<ChainView<ChainColumns>, S> {
  readonly expiry?: string | undefined;
  /**
   * The columns, strikes and rate that the gateway sends. When its values change, the component
   * shows the last view until the gateway has granted the next one.
   */
  readonly view: AskedView;
}

/**
 * A product's newest price, subscribed to while the component is mounted. With `undefined` there is
 * no subscription.
 */
export function useProduct<S = ProductView>(symbol: string | undefined, options: ProductOptions<S> = {}): S {
  const client = useClient();
  const { everyMs, select, view } = options;
  const watch = useMemo(
    () =>
      new Watch<ProductRequest>(
        client,
        symbol === undefined ? undefined : { type: 'product', symbol, view },
        everyMs,
      ),
    [client, symbol, everyMs],
  );
  useAskedView(watch, view ?? EVERY_UPDATE);
  return useView(watch, productView, select);
}

/**
 * A product's option chains, or the one of `expiry`, subscribed to while the component is mounted.
 * With a `view`, they are in columns, and `rowsOf` reads them.
 */
export function useChain<S = ChainView>(
  symbol: string | undefined,
  expiry?: string,
  options?: ViewOptions<ChainView, S>,
): S;
export function useChain<S = ChainView<ChainColumns>>(
  symbol: string | undefined,
  options: ChainViewOptions<S>,
): S;
export function useChain<S = ChainView>(symbol: string | undefined, options: ChainOptions<ChainView, S>): S;
export function useChain(
  symbol: string | undefined,
  expiryOrOptions?: string | null | ChainOptions<ChainView, unknown> | ChainViewOptions<unknown>,
  options: ViewOptions<ChainView, unknown> = {},
): unknown {
  const client = useClient();
  const asked =
    typeof expiryOrOptions === 'object' && expiryOrOptions
      ? expiryOrOptions
      : { ...options, expiry: expiryOrOptions ?? undefined };
  const { expiry, everyMs } = asked;
  const view: AskedView | undefined = 'view' in asked ? asked.view : undefined;
  // The overloads say which chains `select` gets.
  const select = asked.select as ((view: unknown) => unknown) | undefined;
  const inColumns = view !== undefined;
  // A change of the view itself needs no other subscription.
  const watch = useMemo(() => {
    const room = symbol === undefined ? undefined : { type: 'chain' as const, symbol, expiry };
    const request = room && (view ? { ...room, view } : room);
    return new Watch<ChainRequest | ChainViewRequest>(client, request, everyMs);
  }, [client, symbol, expiry, everyMs, inColumns]);
  useAskedView(watch, view);
  return useView<ChainUpdate | ChainColumns, unknown, unknown>(watch, chainView, select);
}

/**
 * The newest portfolio of the token's user, subscribed to while the component is mounted. When the
 * client connects with the token of another user, the component shows no portfolio until that of
 * this user arrives. When the gateway refuses or withdraws it, the component shows the error and no
 * portfolio, and subscribes again on the next connection.
 */
export function usePortfolio<P extends PortfolioUpdate = PortfolioUpdate, S = PortfolioView<P>>(
  options: ViewOptions<PortfolioView<P>, S> = {},
): S {
  const client = useClient();
  const { everyMs, select } = options;
  const watch = useMemo(() => new Watch<PortfolioRequest>(client, PORTFOLIO, everyMs), [client, everyMs]);
  // Only the caller knows which fields the platform gives a portfolio.
  return useView(watch, portfolioView as (view: View<PortfolioUpdate>) => PortfolioView<P>, select);
}

/**
 * How old an update is, in ms, by its timestamp and this machine's clock. The component renders
 * again every `everyMs`, so that the age also grows while nothing arrives.
 */
export function useAge(
  update: { readonly timestamp: string } | undefined,
  everyMs = 1_000,
): number | undefined {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(again, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return ageOf(update);
}

/**
 * The state of the connection, and the client for everything that the other hooks do not cover.
 * Without a client, as on a server, the state is `connecting`.
 */
export function useConnection(): {
  readonly state: ConnectionState;
  readonly client: SocketClient | undefined;
} {
  const client = useClient();
  const subscribe = useCallback(
    (changed: () => void) => client?.on('state', changed) ?? (() => undefined),
    [client],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => client?.state ?? 'connecting',
    () => 'connecting' as const,
  );
  return useMemo(() => ({ state, client }), [state, client]);
}

/**
 * The newest notice of the operators since the component was mounted, until it calls `dismiss`. Use
 * it in a component that is mounted for as long as the page: a notice is sent only once.
 */
export function useNotice(): { readonly notice: Notice | undefined; readonly dismiss: () => void } {
  const client = useClient();
  const [notice, setNotice] = useState<Notice>();
  const dismiss = useCallback(() => setNotice(undefined), []);
  useEffect(() => {
    const stop = client?.on('notice', setNotice);
    return () => {
      stop?.();
      dismiss();
    };
  }, [client, dismiss]);
  return { notice, dismiss };
}

const PORTFOLIO: PortfolioRequest = { type: 'portfolio' };

/** Of a product whose hook has no `view` any more. */
const EVERY_UPDATE: AskedView = {};

/** Asks for the view when its values change. Each render may make a new object of the same values. */
function useAskedView(watch: Pick<Watch<never>, 'changeView'>, view: AskedView | undefined): void {
  const isAsked = view !== undefined;
  const { mode, strikes, max_rate } = view ?? EVERY_UPDATE;
  useEffect(() => {
    if (isAsked) watch.changeView({ mode, strikes, max_rate });
  }, [watch, isAsked, mode, strikes, max_rate]);
}

interface Source<U> {
  readonly subscribe: (changed: () => void) => () => void;
  readonly current: () => View<U>;
}

/** @param viewOf of a module, so that it is the same function in each render */
function useView<U, V, S>(
  watch: Source<U>,
  viewOf: (view: View<U>) => V,
  select: ((view: V) => S) | undefined,
): S {
  const selected = useRef<{ readonly value: S } | undefined>(undefined);
  const [current, onServer] = useMemo(() => {
    const reader = (read: () => View<U>) => {
      let view: View<U> | undefined;
      let value: S;
      return (): S => {
        const newest = read();
        if (newest === view) return value;
        const all = viewOf(newest);
        // Without `select`, V and S are the same type.
        const next = select ? select(all) : (all as unknown as S);
        const shown = selected.current;
        value = select && shown && isSame(shown.value, next) ? shown.value : next;
        view = newest;
        return value;
      };
    };
    return [reader(watch.current), reader(() => EMPTY)];
  }, [watch, viewOf, select]);
  const value = useSyncExternalStore(watch.subscribe, current, onServer);
  useEffect(() => {
    selected.current = { value };
  }, [value]);
  return value;
}

function productView({ update, stale, error }: View<UnderlyingUpdate>): ProductView {
  return {
    update,
    stale,
    error,
    get ageMs() {
      return ageOf(update);
    },
  };
}

function portfolioView({ update: portfolio, stale, error }: View<PortfolioUpdate>): PortfolioView {
  return {
    portfolio,
    stale,
    error,
    get ageMs() {
      return ageOf(portfolio);
    },
  };
}

function chainView<C extends ChainUpdate | ChainColumns>({
  byExpiry: chains,
  update,
  stale,
  error,
}: View<C>): ChainView<C> {
  const [nearest] = chains.values();
  const chain = nearest ?? update;
  return {
    chain,
    chains,
    stale,
    error,
    get ageMs() {
      return ageOf(chain);
    },
  };
}

/** Whether two values are the same, or are plain objects or arrays with the same values. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false;
  const prototype: unknown = Object.getPrototypeOf(one);
  if (prototype !== Object.getPrototypeOf(other)) return false;
  // A Map has its values elsewhere.
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
  const [keys, others] = [Object.keys(one), Object.keys(other)];
  return (
    keys.length === others.length &&
    keys.every((key) => Object.is(one[key as keyof typeof one], other[key as keyof typeof other]))
  );
}
