import { createConnection } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AbstractConnector } from 'ioredis';
import type { Endpoint } from '../config/redis-url.js';
import { messageOf } from '../common/message-of.js';

const DISCONNECT_TIMEOUT_MS = 2_000;

/**
 * Chooses the cluster node that a connection goes to: the next one at each attempt, or the one that
 * a node has redirected to. Messages of plain pub/sub reach every node, so any node will do.
 * Messages of sharded pub/sub reach only the owner of the channel's slot, and all other nodes
 * redirect to it.
 *
 * ioredis' own cluster subscriber is not used: it changes nodes silently, and drops its errors.
 */
export class ClusterRoute {
  private redirect: Endpoint | undefined;
  /** Starts at random, so that replicas that start together do not all use the first node. */
  private turn = Math.floor(Math.random() * 1_000);

  /** @param nodes returns the nodes known now, at least one */
  constructor(private readonly nodes: () => readonly Endpoint[]) {}

  /** Whether the next attempt goes to the node of a redirect. */
  get redirected(): boolean {
    return this.redirect !== undefined;
  }

  next(): Endpoint {
    const { redirect } = this;
    this.redirect = undefined;
    const nodes = this.nodes();
    return redirect ?? nodes[this.turn++ % nodes.length]!;
  }

  /**
   * Makes the next attempt go to the node in a reply "MOVED slot host:port". Returns false if
   * `error` is not such a reply.
   */
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
