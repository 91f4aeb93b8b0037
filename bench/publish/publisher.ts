import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { monotonicUs } from '../harness/monotonic.js';
import { serve } from '../harness/serve.js';
import { BenchFeed } from './bench-feed.js';
import type { OpenInput, Published, PublisherMethods, PublishTarget } from './publisher-methods.js';
import { preambleOf, type WireFormat, wireFormatOf } from './wire-format.js';

/**
 * The maximum number of messages per turn, so that a late publisher does not make all others wait
 * for one big write.
 */
const LARGEST_BURST = 200;
const PONG = 'PONG\r\n';

/**
 * The only publisher of a trial: a TCP connection to the broker with pipelining, in place of the
 * platform's worker.
 */
class Publisher {
  private target: PublishTarget | undefined;
  private feed: BenchFeed | undefined;
  private socket: Socket | undefined;
  private format: WireFormat | undefined;
  private timer: NodeJS.Timeout | undefined;
  private rate = 0;
  private startedUs = 0;
  private sent = 0;

  async open({ target, feed }: OpenInput): Promise<void> {
    this.target = target;
    this.feed = new BenchFeed(feed);
    this.format = wireFormatOf(target);
    await this.connect(target);
  }

  async start({ rate }: { readonly rate: number }): Promise<Published> {
    // Centrifugo closes a connection that has been silent while thousands of clients connected.
    if (this.target && this.socket?.destroyed) await this.connect(this.target);
    this.rate = rate;
    this.sent = 0;
    this.startedUs = monotonicUs();
    this.timer = setInterval(() => this.sendDue(), 1);
    return this.look();
  }

  look(): Published {
    return { sequence: this.feed?.sequence ?? 0, atUs: monotonicUs() };
  }

  async stop(): Promise<Published> {
    clearInterval(this.timer);
    while (this.socket?.writableNeedDrain) await once(this.socket, 'drain');
    return this.look();
  }

  publishLatest(): void {
    for (const message of this.feed!.latest()) this.socket!.write(this.format!(message), 'latin1');
  }

  private async connect(target: PublishTarget): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port: target.port, noDelay: true });
    this.socket = socket;
    await once(socket, 'connect');
    socket.write(preambleOf(target));
    // The replies are read, because the broker would otherwise stop reading. Only NATS requires a
    // response.
    socket.on('data', (chunk) => {
      if (target.kind === 'nats' && chunk.includes('PING')) socket.write(PONG);
    });
    socket.on('error', (error) => process.stderr.write(`publisher: ${error.message}\n`));
  }

  private sendDue(): void {
    // If the broker is too slow, fewer messages are sent. They must not fill the heap.
    if (!this.feed || !this.format || !this.socket || this.socket.writableNeedDrain) return;
    const due = Math.floor(((monotonicUs() - this.startedUs) * this.rate) / 1e6) - this.sent;
    if (due <= 0) return;
    let text = '';
    const burst = Math.min(due, LARGEST_BURST);
    for (let i = 0; i < burst; i++) text += this.format(this.feed.next());
    this.sent += burst;
    this.socket.write(text, 'latin1');
  }
}

const publisher = new Publisher();

serve<PublisherMethods>({
  open: (input) => publisher.open(input),
  start: (input) => publisher.start(input),
  look: () => publisher.look(),
  stop: () => publisher.stop(),
  publishLatest: () => publisher.publishLatest(),
});
