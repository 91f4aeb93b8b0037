import { PacketCheck, SEPARATOR } from './packet-check.js';
import type { Received } from './test-client.js';
import { waitFor } from './wait.js';

/** A long-polling client by hand: it polls when it is told to, and not otherwise. */
export class PollingClient {
  readonly received: Received[] = [];
  /** Set once the gateway has closed the session or does not know it any more. */
  closed = false;

  private constructor(
    private readonly session: string,
    private readonly contract: PacketCheck | undefined,
  ) {}

  /**
   * Connects to the main namespace and polls until the `connected` event is there.
   * @param contract holds what it sends and receives against the document; undefined for a server that is no gateway
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

  /** Puts engine.io packets on the way to the gateway. */
  async send(...packets: readonly string[]): Promise<void> {
    for (const packet of packets) this.contract?.carried('sent', packet);
    const response = await fetch(this.session, { method: 'POST', body: packets.join(SEPARATOR) });
    await response.text();
  }

  /** Polls once: waits until the gateway has something, and takes it. */
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

  /** Polls until an event is there, if it is not yet; answers its last payload. */
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
