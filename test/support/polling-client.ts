import { PacketCheck, SEPARATOR } from './packet-check.js';
import type { Received } from './test-client.js';
import { waitFor } from './wait.js';

/** A long-polling client that polls only when the test tells it to. */
export class PollingClient {
  readonly received: Received[] = [];
  /** Set once the gateway has closed or forgotten the session. */
  closed = false;

  private constructor(
    /** The URL of the session. */
    readonly session: string,
    private readonly contract: PacketCheck | undefined,
  ) {}

  /**
   * Connects to the main namespace, and polls until the `connected` event arrives.
   * @param contract checks the sent and received messages against the document; undefined for a
   * server that is not a gateway
   */
  static async connect(url: string, contract?: PacketCheck): Promise<PollingClient> {
    const endpoint = `${url}/socket.io/?EIO=4&transport=polling`;
    const handshake = await (await fetch(endpoint)).text();
    const { sid } = JSON.parse(handshake.slice(1)) as { sid: string };
    const client = new PollingClient(`${endpoint}&sid=${sid}`, contract);
    await client.send('40');
    await client.next('connected');
    return client;
  }

  /** Sends engine.io packets to the gateway in one body, and returns the HTTP status. */
  async send(...packets: readonly string[]): Promise<number> {
    for (const packet of packets) this.contract?.carried('sent', packet);
    const response = await fetch(this.session, { method: 'POST', body: packets.join(SEPARATOR) });
    await response.text();
    return response.status;
  }

  /** Polls once, which waits until the gateway has something to send. */
  async poll(): Promise<void> {
    const response = await fetch(this.session);
    const text = await response.text();
    if (!response.ok) {
      this.closed = true;
      return;
    }
    for (const packet of text.split(SEPARATOR)) {
      if (packet === '1') this.closed = true;
      if (packet === '2') await this.send('3');
      this.contract?.carried('received', packet);
      if (!packet.startsWith('42[')) continue;
      const [event, payload] = JSON.parse(packet.slice(2)) as [string, unknown];
      this.received.push({ event, payload });
    }
  }

  /** Polls until the event has arrived, and returns its last payload. */
  async next(event: string): Promise<unknown> {
    const last = () => this.received.findLast((entry) => entry.event === event);
    await waitFor(async () => {
      if (!last()) await this.poll();
      return last();
    }, `no ${event} came`);
    return last()?.payload;
  }

  async close(): Promise<void> {
    await this.send('1');
  }
}
