import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { tcpSocketOf } from './engine-io-internals.js';

type Callback = (error?: Error) => void;
type Options = Parameters<WebSocket['send']>[1];

/** The TCP sockets that send what they hold at the end of the turn. */
let corked: Duplex[] = [];

/**
 * Makes a TCP socket hold what is written to it until the end of this turn of the event loop, and
 * send it with one write. The response to a request is several messages, and a write of its own for
 * each of them would cost more than everything else that is done for the request.
 */
export function corkUntilEndOfTurn(tcp: Duplex): void {
  if (tcp.writableCorked > 0) return;
  tcp.cork();
  if (corked.push(tcp) === 1) process.nextTick(uncorkAll);
}

function uncorkAll(): void {
  const due = corked;
  corked = [];
  for (const tcp of due) tcp.uncork();
}

/**
 * A WebSocket that sends all messages of one turn of the event loop with one write.
 *
 * A message counts as sent as soon as the TCP socket holds it. engine.io would otherwise hold the
 * next message until the TCP socket has sent this one.
 */
export class CoalescingWebSocket extends WebSocket {
  override send(
    data: Parameters<WebSocket['send']>[0],
    options?: Options | Callback,
    callback?: Callback,
  ): void {
    const tcp = tcpSocketOf(this);
    const done = typeof options === 'function' ? options : callback;
    const settings = typeof options === 'function' ? {} : (options ?? {});
    if (!tcp || this.readyState !== WebSocket.OPEN) {
      super.send(data, settings, done);
      return;
    }
    corkUntilEndOfTurn(tcp);
    super.send(data, settings);
    done?.();
  }

  override terminate(): void {
    tcpSocketOf(this)?.uncork();
    super.terminate();
  }
}
