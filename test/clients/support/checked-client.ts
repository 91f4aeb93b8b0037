import type { Socket } from 'socket.io-client';
import { SocketClient } from '../../../clients/typescript/src/client.js';
import type { ClientOptions, StateChange } from '../../../clients/typescript/src/index.js';
import { type Foundation, foundation } from '../../../clients/typescript/src/options.js';
import { cleanUp } from '../../support/cleanup.js';
import { checkMessages, ContractCheck } from '../../support/contract-check.js';
import { waitFor } from '../../support/wait.js';

/**
 * A client of the package that records what it receives, and whether an update was ever older than
 * the previous one. Its messages are checked against the AsyncAPI document.
 */
export class CheckedClient {
  readonly states: StateChange[] = [];
  /** The number of connections that the gateway opened for it. */
  connections = 0;
  updates = 0;
  /** Updates that were older than the previous one, or repeated, by product or chain. */
  readonly faults: string[] = [];
  private readonly newest = new Map<string, number>();

  private constructor(readonly client: SocketClient) {
    client.on('connected', () => void (this.connections += 1));
    client.on('state', (change) => this.states.push(change));
    client.on('underlying_update', ({ product, price }) => this.note(product, price));
    client.on('chain_update', ({ product, expiry, spot_price }) =>
      this.note(`${product} ${expiry}`, spot_price),
    );
    cleanUp(() => client.close());
  }

  /** It reconnects fast, because the tests have no minutes to wait. */
  static async connect(url: string, options: ClientOptions = {}): Promise<CheckedClient> {
    const checked = new CheckedClient(
      new SocketClient(
        url,
        { socketOptions: { reconnectionDelay: 20, reconnectionDelayMax: 200 }, ...options },
        checkedFoundation(),
      ),
    );
    await checked.connected();
    return checked;
  }

  async connected(): Promise<void> {
    await waitFor(
      () => this.client.state === 'connected',
      () => `${this.client.state}: ${this.client.reason?.message}`,
      30_000,
    );
  }

  /** The number of the last update of a product, or of a `product expiry`. */
  last(name: string): number | undefined {
    return this.newest.get(name);
  }

  private note(name: string, n: number): void {
    this.updates += 1;
    const before = this.newest.get(name) ?? -1;
    if (n <= before) this.faults.push(`${name}: ${n} after ${before}`);
    this.newest.set(name, n);
  }
}

/** The client's own socket, with each message checked. */
function checkedFoundation(): Foundation {
  const contract = new ContractCheck();
  return {
    ...foundation,
    open: (url, options) => {
      const socket = foundation.open(url, options) as unknown as Socket;
      checkMessages(socket, contract);
      return socket;
    },
  };
}
