import type {
  AffectedClients,
  ClientOrUser,
  ClientQuery,
  ConfigAnswer,
  Coverage,
  FoundClients,
  LoggingAnswer,
  Notice,
  ReplicaTask,
  TraceAnswer,
} from './answers.js';

/** A request of longer than this has failed: replicas have 2 s to answer. */
const TIMEOUT_MS = 10_000;

/** The gateway did not do what was asked. The message says why, for people. */
export class ApiError extends Error {
  /** @param status of HTTP; 0 if there was no answer */
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Who uses the page. */
export interface Credentials {
  readonly token: string;
  /** The name of the operator, for the audit log. */
  readonly operator: string;
}

/** The admin API of the gateway that served this page. Every method throws an {@link ApiError}. */
export class AdminApi {
  constructor(
    private readonly credentials: Credentials,
    /** Called when the gateway no longer accepts the token. */
    private readonly onRejected: () => void,
    private readonly base = new URL('admin/v1/', document.baseURI),
  ) {}

  /** The stream of `admin_stats`. It has no timeout of its own. */
  async openStats(signal: AbortSignal): Promise<Response> {
    return this.send('GET', 'stats/stream', undefined, signal);
  }

  /** Whether the gateway accepts the token. */
  async check(): Promise<void> {
    // This is the fastest answer of the API: the headers of the stream come at once.
    const attempt = new AbortController();
    await this.openStats(AbortSignal.any([attempt.signal, AbortSignal.timeout(TIMEOUT_MS)]));
    attempt.abort();
  }

  clients(query: ClientQuery): Promise<FoundClients> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
    return this.call(
      'GET',
      `clients?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}`,
    );
  }

  disconnect(whom: ClientOrUser, reconnect: boolean): Promise<AffectedClients> {
    return this.call('POST', 'clients/disconnect', { ...whom, reconnect });
  }

  notify(notice: Notice): Promise<AffectedClients> {
    return this.call('POST', 'notices', notice);
  }

  drain(replica: string): Promise<ReplicaTask> {
    return this.call('POST', `replicas/${encodeURIComponent(replica)}/drain`, {});
  }

  rebalance(replica: string, share: number, overSeconds: number): Promise<ReplicaTask> {
    const body = { share, over_seconds: overSeconds };
    return this.call('POST', `replicas/${encodeURIComponent(replica)}/rebalance`, body);
  }

  logging(): Promise<LoggingAnswer> {
    return this.call('GET', 'logging');
  }

  setLevel(level: string, forSeconds: number, replica: string | undefined): Promise<LoggingAnswer> {
    const body = { level, for_seconds: forSeconds, ...(replica !== undefined && { replica }) };
    return this.call('PUT', 'logging/level', body);
  }

  resetLevel(): Promise<LoggingAnswer> {
    return this.call('DELETE', 'logging/level');
  }

  trace(whom: ClientOrUser, forSeconds: number): Promise<TraceAnswer> {
    return this.call('POST', 'logging/traces', { ...whom, for_seconds: forSeconds });
  }

  endTrace(id: string): Promise<Coverage> {
    return this.call('DELETE', `logging/traces/${encodeURIComponent(id)}`);
  }

  config(replica: string): Promise<ConfigAnswer> {
    return this.call('GET', `config?${new URLSearchParams({ replica })}`);
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.send(method, path, body, AbortSignal.timeout(TIMEOUT_MS));
    try {
      return (response.status === 204 ? {} : await response.json()) as T;
    } catch {
      throw new ApiError(response.status, 'The gateway sent an answer that is not JSON.');
    }
  }

  private async send(
    method: string,
    path: string,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const { token, operator } = this.credentials;
    let response: Response;
    try {
      response = await fetch(new URL(path, this.base), {
        method,
        signal,
        cache: 'no-store',
        headers: {
          authorization: `Bearer ${token}`,
          'x-operator': operator,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
      throw new ApiError(
        0,
        isTimeout
          ? 'The gateway did not answer in time. The action may or may not have happened.'
          : `No connection to ${this.base.host}.`,
      );
    }
    if (response.status === 401) this.onRejected();
    if (!response.ok) throw new ApiError(response.status, await problemOf(response));
    return response;
  }
}

interface ErrorBody {
  readonly message?: unknown;
  readonly details?: readonly { readonly field?: unknown; readonly problem?: unknown }[];
}

/** The message of an error response and its details, or the status if it has none. */
async function problemOf(response: Response): Promise<string> {
  if (response.status === 401) return 'The gateway does not accept this token.';
  const body = await response.json().then(
    (json) => json as ErrorBody | null,
    () => null,
  );
  const message = typeof body?.message === 'string' ? body.message : `HTTP status ${response.status}`;
  const details = Array.isArray(body?.details) ? body.details : [];
  const named = details.map(({ field, problem }) => `${String(field)}: ${String(problem)}`);
  return [message, ...named].join('. ');
}
