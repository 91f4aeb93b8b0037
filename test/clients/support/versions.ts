import type * as current from 'socket.io-client';
import { cleanUp } from '../../support/cleanup.js';
import { checkMessages, ContractCheck } from '../../support/contract-check.js';
import { waitFor } from '../../support/wait.js';

/** Versions on npm: the first of Socket.IO 4, those that front ends pinned, and the latest. */
export const VERSIONS = {
  '4.0.2': 'socket.io-client-4.0',
  '4.5.4': 'socket.io-client-4.5',
  '4.7.5': 'socket.io-client-4.7',
  '4.8.4': 'socket.io-client',
} as const;
export type Version = keyof typeof VERSIONS;

export type Options = Partial<current.ManagerOptions & current.SocketOptions>;
// Each test knows the types of its messages.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Payload = any;

export interface Received {
  readonly event: string;
  readonly payload: Payload;
}

/**
 * A stock client of some version. Uses only the methods that all versions have: no `timeout()`
 * (4.4) and no `emitWithAck` (4.6).
 */
export class VersionedClient {
  readonly received: Received[] = [];
  readonly refusals: Payload[] = [];
  readonly disconnects: string[] = [];
  readonly contract = new ContractCheck();

  private constructor(readonly socket: current.Socket) {
    checkMessages(socket, this.contract);
    socket.onAny((event: string, payload: Payload) => this.received.push({ event, payload }));
    socket.on('connect_error', (error: Error & { data?: Payload }) => {
      if (error.data) this.contract.received('connect_error', { message: error.message, data: error.data });
      this.refusals.push(error.data ?? error.message);
    });
    socket.on('disconnect', (reason) => this.disconnects.push(reason));
  }

  static async open(version: Version, url: string, options: Options): Promise<VersionedClient> {
    // Each version is a separate package, and all share one set of types. This test checks where
    // they differ.
    const { io } = (await import(VERSIONS[version])) as typeof current;
    const client = new VersionedClient(io(url, { forceNew: true, ...options }));
    cleanUp(() => client.close());
    return client;
  }

  all(event: string): Payload[] {
    return this.received.filter((entry) => entry.event === event).map(({ payload }) => payload);
  }

  async next(event: string, matches: (payload: Payload) => unknown = () => true): Promise<Payload> {
    const found = () => this.all(event).find(matches);
    await waitFor(
      found,
      () => `${event} expected, received ${JSON.stringify(this.received).slice(0, 2_000)}`,
    );
    return found();
  }

  /** Emits with a callback, which every version supports. */
  ask(event: string, ...args: unknown[]): Promise<Payload> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no acknowledgement of ${event}`)), 15_000);
      this.socket.emit(event, ...args, (answer: Payload) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  get transport(): string {
    return this.socket.io.engine.transport.name;
  }

  clear(): void {
    this.received.length = 0;
  }

  close(): void {
    this.socket.close();
  }
}
