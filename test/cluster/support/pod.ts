import { setTimeout as delay } from 'node:timers/promises';
import { GatewayProcess } from '../../support/gateway-process.js';
import { parsePrometheusText } from '../../support/prometheus-text.js';
import { waitFor } from '../../support/wait.js';
import type { Rendered } from '../../helm/support/chart.js';

/** The times of the chart, shortened. The time that a process needs to start and to end is real. */
export interface Lifecycle {
  readonly minReadyMs: number;
  readonly preStopMs: number;
  readonly drainMs: number;
  /** The time from the end of the pause until SIGKILL. */
  readonly graceMs: number;
}

/** The part of the grace period besides pause and drain, in seconds. */
const TO_END = 10;

export function lifecycleOf(rendered: Rendered, shortenedBy: number): Lifecycle {
  const seconds = {
    minReady: rendered.deployment.spec.minReadySeconds,
    preStop: rendered.container.lifecycle.preStop.sleep.seconds,
    drain: Number(rendered.config.DRAIN_TIMEOUT_MS) / 1_000,
    grace: rendered.pod.terminationGracePeriodSeconds,
  };
  if (seconds.grace < seconds.preStop + seconds.drain + TO_END)
    throw new Error('The grace period is too short.');
  const shortened = (length: number) => (length * 1_000) / shortenedBy;
  return {
    minReadyMs: shortened(seconds.minReady),
    preStopMs: shortened(seconds.preStop),
    drainMs: shortened(seconds.drain),
    graceMs: shortened(seconds.drain) + TO_END * 1_000,
  };
}

/** A process in place of a pod, with its environment, its probes and its end. */
export class Pod {
  private constructor(
    private readonly process: GatewayProcess,
    private readonly adminToken: string | undefined,
    private readonly lifecycle: Lifecycle,
  ) {}

  /** Resolves once the pod is ready. */
  static async start(env: Readonly<Record<string, string>>, lifecycle: Lifecycle): Promise<Pod> {
    const process = await GatewayProcess.start(env);
    const pod = new Pod(process, env.ADMIN_TOKEN, lifecycle);
    const ready = async () => (await fetch(`${process.adminUrl}/health/ready`)).status === 200;
    await waitFor(ready, () => `a pod is not ready: ${JSON.stringify(process.logs.slice(-3))}`, 30_000);
    return pod;
  }

  get port(): number {
    return this.process.port;
  }

  async metrics(): Promise<ReadonlyMap<string, number>> {
    const headers = {
      accept: 'text/plain',
      ...(this.adminToken && { authorization: `Bearer ${this.adminToken}` }),
    };
    const response = await fetch(`${this.process.adminUrl}/metrics`, { headers });
    if (!response.ok) throw new Error(`/metrics answers ${response.status}`);
    return parsePrometheusText(await response.text());
  }

  /**
   * Stops the pod as a kubelet does, once no proxy leads to it. Throws unless it ends by itself and
   * in time.
   */
  async terminate(): Promise<void> {
    await delay(this.lifecycle.preStopMs);
    const code = await Promise.race([
      this.process.stop('SIGTERM'),
      delay(this.lifecycle.graceMs, 'killed' as const, { ref: false }),
    ]);
    if (code !== 0) throw new Error(`a pod ended with ${code}: ${this.process.stderr}`);
  }

  async kill(): Promise<void> {
    await this.process.stop('SIGKILL');
  }
}
