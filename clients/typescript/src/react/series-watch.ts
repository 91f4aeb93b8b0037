import {
  type HistoryResolution,
  Series,
  type SeriesPoint,
  type SeriesRequest,
  type SocketClient,
} from '../index.js';
import { frames } from './frames.js';

export interface SeriesView<P> {
  /** In ascending order of time. A new array after each change. */
  readonly points: readonly P[];
  /** Whether the history has not come yet. */
  readonly loading: boolean;
  /** Whether the newest point cannot be relied on. */
  readonly stale: boolean;
  /** Why points may be missing. */
  readonly error: Error | undefined;
}

const EMPTY: SeriesView<never> = { points: [], loading: true, stale: true, error: undefined };
const NONE: SeriesView<never> = { ...EMPTY, loading: false };

/** A series that lasts while a component watches it: the store for `useSyncExternalStore`. */
export class SeriesWatch<R extends HistoryResolution> {
  private view: SeriesView<SeriesPoint<R>>;
  private series: Series<R> | undefined;
  private readonly looking = new Set<() => void>();

  constructor(
    private readonly client: SocketClient | undefined,
    private readonly request: SeriesRequest<R> | undefined,
  ) {
    this.view = this.onServer();
  }

  readonly subscribe = (changed: () => void): (() => void) => {
    this.looking.add(changed);
    const { client, request } = this;
    if (!this.series && client && request)
      this.series = new Series(client, request, () => frames.request(this.refresh)).start();
    return () => {
      this.looking.delete(changed);
      if (this.looking.size > 0) return;
      frames.cancel(this.refresh);
      this.series?.close();
      this.series = undefined;
    };
  };

  readonly current = (): SeriesView<SeriesPoint<R>> => this.view;

  readonly onServer = (): SeriesView<never> => (this.request ? EMPTY : NONE);

  private readonly refresh = (): void => {
    if (!this.series) return;
    const { points, loading, stale, error } = this.series;
    this.view = { points, loading, stale, error };
    for (const changed of [...this.looking]) changed();
  };
}
