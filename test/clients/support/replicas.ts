import { GatewayProcess } from '../../support/gateway-process.js';
import { Nginx } from '../../support/nginx.js';
import { freePort } from '../../support/wait.js';

/** Gateways on separate ports behind nginx. A stopped gateway is replaced on the same port. */
export class Replicas {
  private constructor(
    readonly processes: GatewayProcess[],
    private readonly env: readonly Readonly<Record<string, string>>[],
    private readonly nginx: Nginx,
  ) {}

  static async start(count: number, env: Readonly<Record<string, string>>): Promise<Replicas> {
    const all: Record<string, string>[] = [];
    for (let n = 0; n < count; n++) all.push({ ...env, PORT: `${await freePort()}` });
    const processes = await Promise.all(all.map((one) => GatewayProcess.start(one)));
    await Promise.all(processes.map((process) => process.ready()));
    return new Replicas(processes, all, await Nginx.start(processes.map(({ port }) => port)));
  }

  get url(): string {
    return this.nginx.url;
  }

  /** Stops a replica with a drain or a crash, and starts another one in its place. */
  async replace(index: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.processes[index]!.stop(signal);
    const process = await GatewayProcess.start(this.env[index]!);
    await process.ready();
    this.processes[index] = process;
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
    await this.nginx.stop();
  }
}
