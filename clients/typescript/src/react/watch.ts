import type {
  ChainRequest,
  ProductRequest,
  Subscription,
  SubscriptionError,
  SocketClient,
  UpdateOf,
} from '../index.js';

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

/**
 * A subscription that lasts while any component watches it: the store for `useSyncExternalStore`.
 */
export class Watch<R extends ProductRequest | ChainRequest> {
  private view: View<UpdateOf<R>>;
  private handle: Subscription<UpdateOf<R>> | undefined;
  private readonly looking = new Set<() => void>();

  /** @param request the rooms, or `undefined` for no subscription */
  constructor(
    private readonly client: SocketClient,
    private readonly request: R | undefined,
  ) {
    // Starts with the values that other components have, so that the first paint shows the same.
    const held = request ? client.held(request) : [];
    const update = held.at(-1);
    this.view =
      request && update
        ? { update, byExpiry: byExpiryOf(held), stale: client.isStale(request), error: undefined }
        : EMPTY;
  }

  /** Bound, because React compares it between renders. */
  readonly subscribe = (changed: () => void): (() => void) => {
    this.looking.add(changed);
    if (this.looking.size === 1) this.open();
    return () => {
      this.looking.delete(changed);
      if (this.looking.size > 0) return;
      this.handle?.unsubscribe();
      this.handle = undefined;
    };
  };

  readonly current = (): View<UpdateOf<R>> => this.view;

  private open(): void {
    if (!this.request) return;
    const handle = this.client.subscribe(this.request) as Subscription<UpdateOf<R>>;
    this.handle = handle;
    const refresh = (): void => this.refresh(handle);
    handle.on('update', refresh);
    handle.on('stale', refresh);
    handle.on('error', refresh);
    // It was rejected before a listener was added, or the shown values are from before the
    // subscription was left.
    if (handle.error || (this.view.update && handle.stale !== this.view.stale)) refresh();
  }

  private refresh(handle: Subscription<UpdateOf<R>>): void {
    if (handle !== this.handle) return;
    const { latest, latestByExpiry, stale, error } = handle;
    this.view = latest
      ? { update: latest, byExpiry: latestByExpiry, stale, error }
      : { ...this.view, stale: stale || !this.view.update, error };
    for (const changed of [...this.looking]) changed();
  }
}

function byExpiryOf<U extends object>(updates: readonly U[]): ReadonlyMap<string, U> {
  const chains = updates.flatMap((update) =>
    'expiry' in update && typeof update.expiry === 'string' ? [[update.expiry, update] as const] : [],
  );
  return new Map(chains.sort(([one], [other]) => (one < other ? -1 : 1)));
}
