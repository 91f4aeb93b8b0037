import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { cleanUp, repeat } from './cleanup.js';
import { waitFor } from './wait.js';

/** A TCP connection to an HTTP server, for input that no HTTP client would send. */
export class RawHttp {
  /** Everything the server has sent. */
  answer = '';
  closed = false;
  private stop: (() => void) | undefined;

  private constructor(readonly tcp: Socket) {
    tcp.on('data', (chunk: Buffer) => (this.answer += chunk.toString('latin1')));
    tcp.on('error', () => undefined);
    tcp.on('close', () => {
      this.closed = true;
      this.stop?.();
    });
  }

  static async connect(url: string): Promise<RawHttp> {
    const { port, hostname } = new URL(url);
    const tcp = connect(Number(port), hostname);
    cleanUp(() => void tcp.destroy());
    await once(tcp, 'connect');
    return new RawHttp(tcp);
  }

  /**
   * Sends the text, waits until the server has closed the connection, and returns what the server
   * sent.
   */
  static async exchange(url: string, request: string): Promise<string> {
    const raw = await RawHttp.connect(url);
    raw.tcp.write(request, 'latin1');
    await waitFor(() => raw.closed, 'the connection was not closed');
    return raw.answer;
  }

  /** Sends a piece of an endless request at intervals. */
  dribble(piece: string, everyMs: number): void {
    this.stop = repeat(() => this.tcp.write(piece), everyMs);
  }
}
