import { createConnection } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AbstractConnector } from 'ioredis';
import type { Endpoint } from '../config/redis-url.js';
import { messageOf } from '../common/message-of.js';

const DISCONNECT_TIMEOUT_MS = 2_000;

/**
 * Which node of a cluster one connection goes to: another one at each attempt, or the one that a node said to ask. Messages
 * of plain pub/sub reach every node, so any will do; those of sharded pub/sub only the owner of the channel's slot, and every
 * other node answers who that is.
 *
 * Not ioredis' own subscriber of a cluster: it changes nodes by itself, tells nobody of it, and drops its errors.
 */
export class ClusterRoute {
  private redirect: Endpoint | undefined;
  /** Replicas that start together must not all stand on the first node. */
  private turn = Math.floor(Math.random() * 1_000);

  /** @param nodes those known now; at least one */
  constructor(private readonly nodes: () => readonly Endpoint[]) {}

  /** Whether the next attempt goes where a node said. */
  get redirected(): boolean {
    return this.redirect !== undefined;
  }

  next(): Endpoint {
    const { redirect } = this;
    this.redirect = undefined;
    const nodes = this.nodes();
    return redirect ?? nodes[this.turn++ % nodes.length]!;
  }

  /** Takes a node's answer "MOVED slot host:port" as where to go next; false where `error` is none. */
  follow(error: unknown): boolean {
    const [, host = '', port] = /^MOVED \d+ (.*):(\d+)/.exec(messageOf(error)) ?? [];
    if (host === '') return false;
    this.redirect = { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
    return true;
  }
}

/** An ioredis connector that takes its address from `route`. */
export function routedConnector(route: ClusterRoute, tls: ConnectionOptions | undefined) {
  return class extends AbstractConnector {
    constructor() {
      super(DISCONNECT_TIMEOUT_MS);
    }

    override connect(): Promise<typeof this.stream> {
      this.connecting = true;
      const address = { ...route.next() };
      this.stream = tls ? connectTls({ ...address, ...tls }) : createConnection(address);
      this.stream.once('error', (error: Error) => (this.firstError = error));
      return Promise.resolve(this.stream);
    }
  };
}
