import { Crowd } from '../../support/crowd.js';
import { NumberedFeed, STREAMS, WORKER } from '../../support/numbered-feed.js';
import { redisClient } from '../../support/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { waitFor } from '../../support/wait.js';
import { Deployment } from './deployment.js';
import { Edge } from './edge.js';
import { lifecycleOf } from './pod.js';
import type { Preset } from './presets.js';
import { type Kind, KINDS, type Traveller, traveller } from './travellers.js';

export const CLIENTS = 96;

/** Messages per second. Each causes a request of every polling client. */
const RATE = 20;

/**
 * The chart's values would take too long here: the gateway notices abandoned sessions through its
 * pings.
 */
const PINGS = { PING_INTERVAL_MS: '3000', PING_TIMEOUT_MS: '5000' };

const SETTLES_WITHIN_MS = 30_000;

/** How often each client was disconnected in a step. */
export type Moves = Readonly<Record<Kind, readonly number[]>>;

export interface Figures {
  readonly seconds: number;
  readonly moves: Moves;
  readonly worstGapMs: number;
  readonly messages: number;
}

/**
 * A cluster that starts with one pod, behind the ingress that a preset of the chart describes, with
 * clients and a feed.
 */
export class ClusterRun {
  private constructor(
    readonly deployment: Deployment,
    private readonly edge: Edge,
    private readonly feed: NumberedFeed,
    private readonly travellers: readonly Traveller[],
    private readonly crowd: Crowd,
  ) {}

  /** @param shortenedBy the times of the chart are divided by this */
  static async start(preset: Preset, shortenedBy: number, pods = 1): Promise<ClusterRun> {
    const redis = await RedisServer.start();
    const worker = redisClient({ host: '127.0.0.1', port: redis.port, ...WORKER, lazyConnect: true });
    await worker.connect();
    const feed = new NumberedFeed(worker, RATE);
    await feed.touch();
    feed.start();

    const { rendered, routing } = preset;
    const lifecycle = lifecycleOf(rendered, shortenedBy);
    const here = { PORT: '0', ADMIN_PORT: '0', HOST: '127.0.0.1', REDIS_URL: redis.url, ...PINGS };
    const drain = { DRAIN_TIMEOUT_MS: `${lifecycle.drainMs}` };
    const env = { ...rendered.config, ...preset.secrets, ...preset.network, ...here, ...drain };
    const deployment = new Deployment(env, lifecycle);
    await deployment.add(pods);
    const edge = await Edge.start(routing, deployment.ports);
    deployment.serveBy(edge);
    await waitFor(async () => {
      const [cached] = await deployment.sum(['socket_gateway_cache_entries']);
      return cached === pods * STREAMS.length;
    }, 'the caches are not full');

    const travellers = Array.from({ length: CLIENTS }, (_, n) =>
      traveller(n, edge.url, routing.by, preset.auth(n)),
    );
    const crowd = new Crowd(travellers.map(({ client }) => client));
    const run = new ClusterRun(deployment, edge, feed, travellers, crowd);
    await run.settle();
    return run;
  }

  get url(): string {
    return this.edge.url;
  }

  /**
   * Runs a change under load, and checks what the gateway promises to every client. Returns how
   * often each was disconnected.
   */
  async step(happen: () => Promise<unknown>): Promise<Figures> {
    const { crowd } = this;
    const before = this.travellers.map(({ client }) => client.disconnects);
    const { messages } = crowd;
    crowd.begin();
    const begun = performance.now();
    await happen();
    // A price without a successor: clients that miss it must be sent it later.
    await this.feed.touch();
    await this.deployment.settled();
    const seconds = (performance.now() - begun) / 1_000;
    await this.settle();
    const moves = Object.fromEntries(KINDS.map((kind) => [kind, [] as number[]])) as Record<Kind, number[]>;
    this.travellers.forEach(({ kind, client }, n) => moves[kind].push(client.disconnects - before[n]!));
    return { seconds, moves, worstGapMs: crowd.worstGapMs, messages: crowd.messages - messages };
  }

  /**
   * Waits until every client has the newest updates without an error, and the counters of the pods
   * match.
   */
  private async settle(): Promise<void> {
    const { crowd, deployment, feed, travellers } = this;
    await crowd.converge(feed.taken);
    // A client that upgrades counts as arrived only after the upgrade.
    const arrived = ({ kind, client }: Traveller) =>
      kind !== 'upgrading' || client.socket.io.engine.transport.name === 'websocket';
    await waitFor(() => travellers.every(arrived), 'clients do not upgrade');
    const samples = [
      'socket_gateway_connections',
      'socket_gateway_room_members{kind="general"}',
      'socket_gateway_room_members{kind="chain"}',
      'socket_gateway_feed_up',
      'socket_gateway_lagging_clients',
      'socket_gateway_draining',
    ];
    const expected = [CLIENTS, CLIENTS / 2, CLIENTS, deployment.size, 0, 0];
    let seen: number[] = [];
    await waitFor(
      async () => (seen = await deployment.sum(samples)).join() === expected.join(),
      () => `${samples.join()} are ${seen.join()}, not ${expected.join()}; ${crowd.oddities()}`,
      SETTLES_WITHIN_MS,
    );
    crowd.expectUnharmed();
    await waitFor(() => !crowd.holdsMovingPricesForStale, 'clients consider a moving price stale');
  }

  /** Disconnects the clients, and checks that nothing is left of them. */
  async stop(): Promise<void> {
    this.feed.pause();
    this.crowd.leave();
    await waitFor(async () => {
      const [connections] = await this.deployment.sum(['socket_gateway_connections']);
      return connections === 0;
    }, 'clients are left');
    await this.edge.expectNobodyLeftBehind();
    await this.edge.stop();
    await this.deployment.stop();
  }
}
