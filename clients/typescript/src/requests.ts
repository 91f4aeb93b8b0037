import type { ErrorPayload, RequestRejection } from './contract/index.js';
import type { Clock, Timer } from './clock.js';
import { type ClientErrorCode, RequestError } from './errors.js';
import type { Answer } from './link.js';
import type { Session } from './session.js';

/** The maximum number of requests that wait for a response or for a connection. */
const MAX_WAITING = 1_000;
/**
 * The errors after which a request is sent again within its timeout, also if the gateway does not
 * say when. All these requests only read.
 */
const PASSING: ReadonlySet<string> = new Set(['RATE_LIMITED', 'SLOW_CLIENT', 'SNAPSHOT_UNAVAILABLE']);
const RETRY_MS = 500;

interface Waiting {
  readonly send: (session: Session) => void;
  readonly fail: (error: RequestError) => void;
}

/**
 * Requests that are each answered, rejected or timed out. Those of a lost connection are sent again
 * on the next one.
 */
export class Requests {
  private readonly waiting = new Set<Waiting>();

  /** @param session the connection in use, if requests may be sent on it */
  constructor(
    private readonly session: () => Session | undefined,
    private readonly clock: Clock,
    private readonly random: () => number,
  ) {}

  /**
   * @param asking called each time right before the request is sent
   * @param signal rejects the request with its reason
   */
  ask<A extends { readonly ok: true }>(
    event: string,
    payload: unknown,
    limitMs: number,
    asking: () => void = () => undefined,
    signal?: AbortSignal,
  ): Promise<A> {
    if (this.waiting.size >= MAX_WAITING) {
      return Promise.reject(failure('TOO_MANY_REQUESTS', `${MAX_WAITING} requests are waiting already`));
    }
    return new Promise<A>((resolve, reject) => {
      const deadline = this.clock.now() + limitMs;
      let retry: Timer | undefined;
      const finish = (): void => {
        this.waiting.delete(request);
        limit.cancel();
        retry?.cancel();
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: Error): void => {
        finish();
        reject(error);
      };
      const abort = (): void => fail(signal!.reason as Error);
      const limit = this.clock.after(limitMs, () =>
        fail(failure('TIMEOUT', `No answer to ${event} within ${limitMs} ms`)),
      );
      const answered = (result: Answer<A | RequestRejection>): void => {
        if (result.kind !== 'answer' || !this.waiting.has(request)) return; // lost: `resend` asks again
        if (result.answer.ok) {
          finish();
          resolve(result.answer);
          return;
        }
        const { error } = result.answer;
        const wait = (error.retry_after_ms ?? RETRY_MS) * (1 + this.random() / 10);
        const isPassing = error.retry_after_ms !== undefined || PASSING.has(error.code);
        if (!isPassing || this.clock.now() + wait >= deadline) {
          fail(refusal(error));
          return;
        }
        later(wait);
      };
      const later = (wait: number): void => {
        retry = this.clock.after(wait, () => {
          const session = this.session();
          if (session) request.send(session);
        });
      };
      const request: Waiting = {
        send: (session) => {
          retry?.cancel();
          // The gateway permanently closes a connection that sends far more than its limit.
          const wait = session.waitMs();
          if (wait > 0) {
            later(wait);
            return;
          }
          asking();
          session.ask<A | RequestRejection>(
            event,
            payload,
            Math.max(0, deadline - this.clock.now()),
            answered,
          );
        },
        fail,
      };
      this.waiting.add(request);
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort);
      const session = this.session();
      if (session) request.send(session);
    });
  }

  /** Another connection is in use. Sends the requests again that the last one did not answer. */
  resend(session: Session): void {
    for (const request of [...this.waiting]) request.send(session);
  }

  /** Waits for `more` to arrive within `limitMs`. */
  within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: RequestError): void => {
        this.waiting.delete(waiting);
        limit.cancel();
        reject(error);
      };
      const limit = this.clock.after(limitMs, () =>
        fail(failure('TIMEOUT', `Not all updates arrived within ${limitMs} ms`)),
      );
      const waiting: Waiting = { send: () => undefined, fail };
      this.waiting.add(waiting);
      void promise.then((value) => {
        this.waiting.delete(waiting);
        limit.cancel();
        resolve(value);
      });
    });
  }

  close(error: RequestError): void {
    for (const request of [...this.waiting]) request.fail(error);
  }
}

function failure(code: ClientErrorCode, message: string): RequestError {
  return new RequestError(code, message);
}

function refusal({ code, message, details, retry_after_ms }: ErrorPayload): RequestError {
  return new RequestError(code, message, details, retry_after_ms);
}
