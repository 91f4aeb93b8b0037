'use client';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import {
  type History,
  type HistoryRecord,
  type HistoryRequest,
  type HistoryResolution,
  recordsOf,
  type SeriesPoint,
  type SeriesRequest,
} from '../index.js';
import { useClient } from './provider.js';
import { SeriesWatch, type SeriesView } from './series-watch.js';

export type { SeriesView } from './series-watch.js';

export interface HistoryView {
  readonly page: History | undefined;
  /** The rows of the page as objects. */
  readonly records: readonly HistoryRecord[];
  readonly loading: boolean;
  readonly error: Error | undefined;
  /** Asks again, for example after an error. The last page remains until the next one comes. */
  readonly reload: () => void;
}

interface Loaded {
  /** What was asked for. */
  readonly of: unknown;
  readonly page?: History;
  readonly error?: Error;
}

/**
 * A page of history, asked for when the component is mounted and when the request changes. With
 * `undefined` nothing is asked for.
 */
export function useHistory(request: HistoryRequest | undefined): HistoryView {
  const client = useClient();
  const key = request && JSON.stringify(request);
  const [turn, setTurn] = useState(0);
  const [loaded, setLoaded] = useState<Loaded>();
  const wanted = useMemo(() => ({ key, turn, client }), [key, turn, client]);
  useEffect(() => {
    if (!wanted.client || wanted.key === undefined) return;
    const stopping = new AbortController();
    const { signal } = stopping;
    const done = (result: Omit<Loaded, 'of'>): void => {
      if (!signal.aborted) setLoaded((before) => ({ ...kept(before, wanted.key), ...result, of: wanted }));
    };
    wanted.client.history(JSON.parse(wanted.key) as HistoryRequest, { signal }).then(
      (page) => done({ page }),
      (error: Error) => done({ error }),
    );
    return () => stopping.abort();
  }, [wanted]);
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  const page = kept(loaded, key).page;
  const records = useMemo(() => (page ? recordsOf(page) : []), [page]);
  const isDone = loaded?.of === wanted;
  return {
    page,
    records,
    loading: key !== undefined && !isDone,
    error: isDone ? loaded.error : undefined,
    reload,
  };
}

/** The page that was loaded for a request, if it is still the one to show. */
function kept(loaded: Loaded | undefined, key: string | undefined): Pick<Loaded, 'page'> {
  const of = loaded?.of as { readonly key: string | undefined } | undefined;
  return loaded?.page && of?.key === key ? { page: loaded.page } : {};
}

/**
 * The newest points of a product for a chart: first from the history, and then live, without a gap
 * or a duplicate. With `undefined` there is no subscription.
 */
export function useSeries<R extends HistoryResolution = 'raw'>(
  symbol: string | undefined,
  { resolution, limit }: Omit<SeriesRequest<R>, 'symbol'> = {},
): SeriesView<SeriesPoint<R>> {
  const client = useClient();
  const watch = useMemo(
    () => new SeriesWatch<R>(client, symbol === undefined ? undefined : { symbol, resolution, limit }),
    [client, symbol, resolution, limit],
  );
  return useSyncExternalStore(watch.subscribe, watch.current, watch.onServer);
}
