import {
  CLOSINGS,
  type ClosingCode,
  type Closing,
  CONNECT_ERROR_CODES,
  type ConnectErrorCode,
} from './contract/index.js';
import type { Clock, Timer } from './clock.js';
import { ConnectionRefused } from './errors.js';
import { networkError } from './network-error.js';
import type { RawSocket } from './options.js';

/**
 * How long a connection may take until the gateway sends `connected`, in ms. The gateway closes a
 * slower one after 15 s.
 */
const OPEN_LIMIT_MS = 20_000;

/**
 * Why a connection ended. `refused`: the gateway itself rejected it. `lost`: the network failed, or
 * a process ended.
 */
export type LinkEnd =
  | { readonly kind: 'refused'; readonly error: ConnectionRefused; readonly reconnect: boolean }
  | { readonly kind: 'lost'; readonly error: Error };

export type Answer<A> =
  { readonly kind: 'answer'; readonly answer: A } | { readonly kind: 'timeout' } | { readonly kind: 'lost' };

export interface LinkHandlers {
  /** Every event of the gateway. */
  readonly event: (name: string, payload: unknown) => void;
  /** Called once. */
  readonly down: (end: LinkEnd) => void;
}

interface Asked {
  readonly timer: Timer;
  readonly done: (answer: Answer<unknown>) => void;
}

/** One connection, from its opening to its end. It does not reconnect. */
export class Link {
  private isDown = false;
  private closing: Closing | undefined;
  private readonly asked = new Set<Asked>();
  private readonly opening: Timer;

  constructor(
    private readonly socket: RawSocket,
    url: string,
    private readonly clock: Clock,
    private readonly handlers: LinkHandlers,
  ) {
    this.opening = clock.after(OPEN_LIMIT_MS, () =>
      this.fail(new Error(`Not connected within ${OPEN_LIMIT_MS} ms`)),
    );
    socket.onAny((name, payload) => this.receive(name, payload));
    socket.on('connect_error', (error: Error & { data?: unknown }) => this.end(refusal(error, url)));
    socket.on('disconnect', (reason: string, details?: unknown) => this.end(this.endOf(reason, details)));
  }

  /** Sends a request for an acknowledgement. `done` is called once, and not after `close`. */
  ask<A>(event: string, payload: unknown, limitMs: number, done: (answer: Answer<A>) => void): void {
    if (this.isDown) {
      done({ kind: 'lost' });
      return;
    }
    const finish = (answer: Answer<A>): void => {
      if (!this.asked.delete(asked)) return;
      asked.timer.cancel();
      done(answer);
    };
    const asked: Asked = {
      timer: this.clock.after(limitMs, () => finish({ kind: 'timeout' })),
      done: finish as (answer: Answer<unknown>) => void,
    };
    this.asked.add(asked);
    const answered = (answer: A): void => finish({ kind: 'answer', answer });
    if (payload === undefined) this.socket.emit(event, answered);
    else this.socket.emit(event, payload, answered);
  }

  /** Sends an event that has no acknowledgement. */
  say(event: string, payload: unknown): void {
    if (!this.isDown) this.socket.emit(event, payload);
  }

  /** Closes the connection for a reason of the client, and calls `down`. */
  fail(error: Error): void {
    this.end({ kind: 'lost', error });
  }

  /** Closes the connection without calling `down`. */
  close(): void {
    if (this.isDown) return;
    this.isDown = true;
    this.release();
    this.asked.clear();
    this.socket.disconnect();
  }

  private receive(name: string, payload: unknown): void {
    if (this.isDown) return;
    if (name === 'connected') this.opening.cancel();
    if (name === 'closing') this.closing = payload as Closing;
    this.handlers.event(name, payload);
  }

  private end(end: LinkEnd): void {
    if (this.isDown) return;
    this.isDown = true;
    this.release();
    this.socket.disconnect(); // after a connect_error the transport may still be open
    for (const { done } of [...this.asked]) done({ kind: 'lost' });
    this.handlers.down(end);
  }

  private release(): void {
    this.opening.cancel();
    for (const { timer } of this.asked) timer.cancel();
  }

  private endOf(reason: string, details: unknown): LinkEnd {
    const closing = this.closing ?? closingOf(details);
    if (!closing) return { kind: 'lost', error: new Error(reason) };
    const error = new ConnectionRefused(closing.code, closing.message);
    return { kind: 'refused', error, reconnect: closing.reconnect };
  }
}

/** With `data` the error is a response of the gateway. Otherwise it comes from the network. */
function refusal(error: Error & { data?: unknown }, url: string): LinkEnd {
  const data = error.data as { code?: unknown; message?: unknown; retry_after_ms?: unknown } | undefined;
  if (!isConnectErrorCode(data?.code)) return { kind: 'lost', error: networkError(error, url) };
  const retryAfterMs = typeof data?.retry_after_ms === 'number' ? data.retry_after_ms : undefined;
  const message = typeof data?.message === 'string' ? data.message : error.message;
  const refused = new ConnectionRefused(data.code, message, retryAfterMs);
  return { kind: 'refused', error: refused, reconnect: retryAfterMs !== undefined };
}

function isConnectErrorCode(code: unknown): code is ConnectErrorCode {
  return CONNECT_ERROR_CODES.some((known) => known === code);
}

/**
 * A client that was too slow to receive `closing` learns the reason from the WebSocket's close
 * code.
 */
function closingOf(details: unknown): Closing | undefined {
  const code = (details as { context?: { code?: unknown } } | undefined)?.context?.code;
  const known = Object.entries(CLOSINGS).find(([, { closeCode }]) => closeCode === code);
  return known && { code: known[0] as ClosingCode, message: known[1].message, reconnect: known[1].reconnect };
}
