import { setTimeout as delay } from 'node:timers/promises';
import type { Edge } from './edge.js';
import { type Lifecycle, Pod } from './pod.js';

/** The pods of the chart's Deployment, changed in the same steps as in Kubernetes. */
export class Deployment {
  /** The pods that receive clients, oldest first. */
  private ready: readonly Pod[] = [];
  private readonly leaving = new Set<Promise<void>>();
  private edge: Edge | undefined;
  private started = 0;

  constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly lifecycle: Lifecycle,
  ) {}

  get ports(): number[] {
    return this.ready.map(({ port }) => port);
  }

  /** Makes `edge` lead to these pods from now on. */
  serveBy(edge: Edge): void {
    this.edge = edge;
  }

  /** Adds pods. Each receives clients as soon as it is ready. */
  async add(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const pod = await Pod.start({ ...this.env, FANOUT_NATIVE: this.nextWritePath() }, this.lifecycle);
        await this.route([...this.ready, pod]);
      }),
    );
  }

  /** Every second pod writes without the addon, so that clients meet both ways of writing. */
  private nextWritePath(): string {
    return this.started++ % 2 === 0 ? 'auto' : 'off';
  }

  /** The pods with the most clients. */
  oldest(count: number): readonly Pod[] {
    return this.ready.slice(0, count);
  }

  /**
   * Removes pods, all at once. Resolves once no client is led to them; `settled` waits until they
   * have ended.
   */
  async remove(pods: readonly Pod[]): Promise<void> {
    await this.route(this.ready.filter((pod) => !pods.includes(pod)));
    for (const pod of pods) this.leaving.add(pod.terminate());
  }

  /**
   * Replaces all pods: one at a time or, with a surge of 100 %, all at once. Does not wait for
   * drains.
   */
  async rollOut(surge: 1 | '100%'): Promise<void> {
    const old = this.ready.length;
    const step = surge === 1 ? 1 : old;
    for (let replaced = 0; replaced < old; replaced += step) {
      await this.add(step);
      await delay(this.lifecycle.minReadyMs);
      await this.remove(this.oldest(step));
    }
  }

  /** Resolves once every leaving pod has ended successfully. */
  async settled(): Promise<void> {
    await Promise.all(this.leaving);
    this.leaving.clear();
  }

  /** The sums of metrics over the pods that receive clients. */
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
    // One at a time, because a reload must not overtake another one.
    this.routed = this.routed.then(() => this.edge?.route(this.ports));
    await this.routed;
  }

  private routed: Promise<void> = Promise.resolve();
}
