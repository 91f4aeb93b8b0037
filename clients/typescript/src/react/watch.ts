import { parseTimestamp } from '../contract/timestamp.js';
import type {
  AskedView,
  BaseSubscription,
  Subscription,
  SubscriptionError,
  SocketClient,
  UpdateOf,
} from '../index.js';
import type { PortfolioRequest, SymbolsRequest } from '../request.js';
import { frames } from './frames.js';

/** The values that a component shows. A new object for each change, and the same one otherwise. */
export interface View<U> {
  readonly update: U | undefined;
  readonly byExpiry: ReadonlyMap<string, U>;
  readonly stale: boolean;
  readonly error: SubscriptionError | undefined;
}

export const EMPTY: View<never> = {
  update: undefined,
  byExpiry: new Map<string, never>(),
  stale: true,
  error: undefined,
};

/** The subscription to a room of any kind. That of the portfolio has neither views nor expiries. */
type Watched<U> = BaseSubscription<U, WatchedEvents<U>> &
  Partial<Pick<Subscription, 'changeView'>> & { readonly latestByExpiry?: ReadonlyMap<string, U> };

interface WatchedEvents<U> {
  update: U;
  stale: unknown;
  error: SubscriptionError;
  reset: undefined;
}

/** The age of an update by its timestamp and the clock of this machine, in ms. */
export function ageOf(update: { readonly timestamp: string } | undefined): number | undefined {
  const micros = update && parseTimestamp(update.timestamp);
  return micros === undefined ? undefined : Math.max(0, Date.now() - Number(micros) / 1_000);
}

/**
 * A subscription that lasts while any component watches it: the store for `useSyncExternalStore`.
 */
export class Watch<R extends SymbolsRequest | PortfolioRequest> {
  private view: View<UpdateOf<R>>;
  private handle: Watched<UpdateOf<R>> | undefined;
  private readonly looking = new Set<() => void>();
  private shownAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Why the gateway refused the last view. */
  private refusal: SubscriptionError | undefined;
  private stopListening: (() => void) | undefined;

  /**
   * @param client `undefined` on a server, and until the page has created it: the view is empty
   * @param request the rooms, or `undefined` for no subscription
   * @param everyMs the least time between two updates that are shown, if it is more than a frame
   */
  constructor(
    private readonly client: SocketClient | undefined,
    private request: R | undefined,
    private readonly everyMs = 0,
  ) {
    // Starts with the values that other components have, so that the first paint shows the same.
    this.view = this.held();
  }

  /** Bound, because React compares it between renders. */
  readonly subscribe = (changed: () => void): (() => void) => {
    this.looking.add(changed);
    if (this.looking.size === 1) this.start();
    return () => {
      this.looking.delete(changed);
      if (this.looking.size > 0) return;
      frames.cancel(this.refresh);
      clearTimeout(this.timer);
      this.timer = undefined;
      this.stopListening?.();
      this.handle?.unsubscribe();
      this.handle = undefined;
    };
  };

  /** The component shows the last view until the gateway has granted the next one. */
  changeView(view: AskedView): void {
    if (!this.request) return;
    this.request = { ...this.request, view };
    if (this.handle?.closed) {
      // The gateway refused the last one, and may grant this one.
      this.reopen();
      return;
    }
    this.handle?.changeView?.(view).then(
      () => this.refused(undefined),
      (error: SubscriptionError) => this.refused(error),
    );
  }

  readonly current = (): View<UpdateOf<R>> => this.view;

  private refused(error: SubscriptionError | undefined): void {
    if (this.refusal === error) return;
    this.refusal = error;
    if (this.handle) frames.request(this.refresh);
  }

  private held(): View<UpdateOf<R>> {
    const { client, request } = this;
    const held = client && request ? client.held(request) : [];
    const update = held.at(-1);
    return client && request && update
      ? { update, byExpiry: byExpiryOf(held), stale: client.isStale(request), error: undefined }
      : EMPTY;
  }

  private start(): void {
    this.open();
    // The token of the next connection may allow the portfolio, or be of another user.
    if (this.request?.type === 'portfolio')
      this.stopListening = this.client?.on('connected', () => this.handle?.closed && this.reopen());
  }

  private reopen(): void {
    this.open();
    frames.request(this.refresh);
  }

  private open(): void {
    if (!this.client || !this.request) return;
    const handle = this.client.subscribe(this.request as SymbolsRequest) as unknown as Watched<UpdateOf<R>>;
    this.handle = handle;
    const soon = (): void => frames.request(this.refresh);
    handle.on('update', this.updated);
    // Whether the data can be relied on does not wait for `everyMs`.
    handle.on('stale', soon);
    handle.on('error', soon);
    // The portfolio of a former user must not remain, not even as a stale one.
    handle.on('reset', () => {
      this.view = EMPTY;
      soon();
    });
    if (this.request.type === 'portfolio') this.view = this.held();
    // It was rejected before a listener was added, or the shown values are from before the
    // subscription was left.
    const { update, stale } = this.view;
    if (handle.error || (handle.latest ?? update) !== update || (update && handle.stale !== stale))
      this.refresh();
  }

  private readonly updated = (): void => {
    if (this.timer !== undefined) return;
    const wait = this.shownAt + this.everyMs - performance.now();
    if (!(wait > 0)) return frames.request(this.refresh);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      frames.request(this.refresh);
    }, wait);
  };

  private readonly refresh = (): void => {
    if (!this.handle) return;
    const { latest, latestByExpiry, stale } = this.handle;
    const error = this.handle.error ?? this.refusal;
    if (latest) this.shownAt = performance.now();
    this.view = latest
      ? { update: latest, byExpiry: latestByExpiry ?? EMPTY.byExpiry, stale, error }
      : { ...this.view, stale: stale || !this.view.update, error };
    for (const changed of [...this.looking]) changed();
  };
}

function byExpiryOf<U extends object>(updates: readonly U[]): ReadonlyMap<string, U> {
  const chains = updates.flatMap((update) =>
    'expiry' in update && typeof update.expiry === 'string' ? [[update.expiry, update] as const] : [],
  );
  return new Map(chains.sort(([one], [other]) => (one < other ? -1 : 1)));
}
