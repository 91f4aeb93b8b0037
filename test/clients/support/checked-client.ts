import type { Socket } from 'socket.io-client';
import { SocketClient } from '../../../clients/typescript/src/client.js';
import type { ClientOptions, StateChange } from '../../../clients/typescript/src/index.js';
import { type Foundation, foundation } from '../../../clients/typescript/src/options.js';
import { cleanUp } from '../../support/cleanup.js';
import { checkMessages, ContractCheck } from '../../support/contract-check.js';
import { waitFor } from '../../support/wait.js';

/**
 * A client of the package that notes what it gets, and whether it ever went back in time. What it sends and receives is held
 * against the AsyncAPI document.
 */
export class CheckedClient {
  readonly states: StateChange[] = [];
  /** Connections that the gateway opened for it. */
  connections = 0;
  updates = 0;
  /** An older update after a newer, or the same twice: by product or chain. */
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

  /** Comes back fast: the tests have no minutes to wait. */
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

/** The client's own, with each message checked. */
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
