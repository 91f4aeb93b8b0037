import { setTimeout as delay } from 'node:timers/promises';
import type { Edge } from './edge.js';
import { type Lifecycle, Pod } from './pod.js';

/** The pods of the chart's Deployment, in the steps that Kubernetes takes with them. */
export class Deployment {
  /** Those that clients are led to, oldest first. */
  private ready: readonly Pod[] = [];
  private readonly leaving = new Set<Promise<void>>();
  private edge: Edge | undefined;

  constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly lifecycle: Lifecycle,
  ) {}

  get ports(): number[] {
    return this.ready.map(({ port }) => port);
  }

  /** Has `edge` led to the pods from now on. */
  serveBy(edge: Edge): void {
    this.edge = edge;
  }

  /** Up: each pod gets clients as soon as it is ready. */
  async add(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const pod = await Pod.start(this.env, this.lifecycle);
        await this.route([...this.ready, pod]);
      }),
    );
  }

  /** Those that have most clients. */
  oldest(count: number): readonly Pod[] {
    return this.ready.slice(0, count);
  }

  /** Down: all at once. Resolves once they are not led to; their end is awaited by `settled`. */
  async remove(pods: readonly Pod[]): Promise<void> {
    await this.route(this.ready.filter((pod) => !pods.includes(pod)));
    for (const pod of pods) this.leaving.add(pod.terminate());
  }

  /** Replaces all: one after the other, or, with a surge of 100 %, all at once. No drain is waited for. */
  async rollOut(surge: 1 | '100%'): Promise<void> {
    const old = this.ready.length;
    const step = surge === 1 ? 1 : old;
    for (let replaced = 0; replaced < old; replaced += step) {
      await this.add(step);
      await delay(this.lifecycle.minReadyMs);
      await this.remove(this.oldest(step));
    }
  }

  /** Once every pod that leaves has ended as it should. */
  async settled(): Promise<void> {
    await Promise.all(this.leaving);
    this.leaving.clear();
  }

  /** Metrics, summed over the pods that clients are led to. */
  async sum(samples: readonly string[], pods: readonly Pod[] = this.ready): Promise<number[]> {
    const all = await Promise.all(pods.map((pod) => pod.metrics()));
    return samples.map((sample) => all.reduce((sum, metrics) => sum + (metrics.get(sample) ?? 0), 0));
  }

  get size(): number {
    return this.ready.length;
  }

  async stop(): Promise<void> {
    await Promise.all(this.ready.map((pod) => pod.kill()));
  }

  private async route(pods: readonly Pod[]): Promise<void> {
    this.ready = pods;
    // One after the other: a reload must not overtake another.
    this.routed = this.routed.then(() => this.edge?.route(this.ports));
    await this.routed;
  }

  private routed: Promise<void> = Promise.resolve();
}
