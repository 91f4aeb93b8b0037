import { Nginx } from '../../support/nginx.js';
import { waitFor } from '../../support/wait.js';
import type { Routing } from './routing.js';

const WORKERS = 2;

/**
 * nginx in front of the pods, configured as the chart's ingress describes. Pods are added and
 * removed with a reload, in which old workers keep their connections. ingress-nginx changes pods
 * without a reload, and keeps old workers just as long if it does reload.
 */
export class Edge {
  private generation = 0;

  private constructor(
    private readonly nginx: Nginx,
    private readonly configure: (pods: readonly number[], generation: number) => string,
  ) {}

  /** @param pods their ports on 127.0.0.1 */
  static async start(routing: Routing, pods: readonly number[]): Promise<Edge> {
    let listen = 0;
    const configure = (of: readonly number[], generation: number) =>
      configuration(routing, listen, of, generation);
    const nginx = await Nginx.run((port) => {
      listen = port;
      return configure(pods, 0);
    }, '/generation');
    return new Edge(nginx, configure);
  }

  get url(): string {
    return this.nginx.url;
  }

  /** Leads to these pods from now on. */
  async route(pods: readonly number[]): Promise<void> {
    const generation = `${++this.generation}`;
    await this.nginx.reload(this.configure(pods, this.generation));
    const answers = async () => (await fetch(`${this.url}/generation`)).text();
    await waitFor(async () => (await answers()) === generation, 'nginx did not reload');
  }

  /** Waits until the old workers have ended, which they do once they have no connection left. */
  async expectNobodyLeftBehind(): Promise<void> {
    await waitFor(
      () => this.nginx.workers === WORKERS,
      () => `nginx has ${this.nginx.workers} workers, not ${WORKERS}`,
    );
  }

  async stop(): Promise<void> {
    await this.nginx.stop();
  }
}

function configuration(routing: Routing, port: number, pods: readonly number[], generation: number): string {
  return `
worker_processes ${WORKERS};
# ingress-nginx' worker-shutdown-timeout.
worker_shutdown_timeout 240s;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  map $http_upgrade $connection_header { default upgrade; "" close; }
  ${routing.upstreams(pods)}
  server {
    listen 127.0.0.1:${port};
    location = /generation { return 200 ${generation}; }
    location / { return 404; }
    location /socket.io/ {
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      ${routing.location.join('\n      ')}
      proxy_pass http://${routing.target};
    }
  }
}
`;
}
