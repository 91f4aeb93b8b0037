import { connect, type Socket } from 'node:net';

/**
 * An event stream of one user's portfolio, over a bare socket, because thousands of them share this
 * process.
 */
export class PortfolioStream {
  /** The numbers of the portfolios that it received. */
  readonly numbers: number[] = [];
  /** What it received that is not about its own user. */
  readonly strange: string[] = [];
  /** Whether it is in the room. */
  isReady = false;
  isClosed = false;
  private rest = '';

  private constructor(
    readonly user: string,
    private readonly socket: Socket,
  ) {
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.read(String(text)));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  static open(port: number, user: string, token: string): PortfolioStream {
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `GET /sse?rooms=portfolio&general=off HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    return new PortfolioStream(user, socket);
  }

  close(): void {
    this.socket.destroy();
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('event: subscribed')) this.isReady = true;
      const [, data] = /^data: ?(\{.*"user_id".*)$/.exec(line) ?? [];
      if (data === undefined) continue;
      const { user_id, n } = JSON.parse(data) as { readonly user_id?: string; readonly n?: number };
      // `connected` names the user too.
      if (n === undefined) continue;
      if (user_id === this.user) this.numbers.push(n);
      else this.strange.push(line);
    }
  }
}
