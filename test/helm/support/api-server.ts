import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { cleanUp } from '../../support/cleanup.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { discovered, KINDS } from './discovery.js';
import { isOf, type Kind, type Kinds } from './kinds.js';
import { secretFrom } from './protobuf-secret.js';
import { merge } from './strategic-merge.js';

const GROUP_VERSION = String.raw`^/(?:api|apis)/((?:[^/]+/)?v\d\w*)`;
const RESOURCE = new RegExp(`${GROUP_VERSION}/namespaces/([^/]+)/([^/]+)(?:/([^/]+))?$`);

/** The fields that objects of every kind have. */
interface Stored {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
  };
  readonly spec?: object;
  readonly status?: object;
}

export interface Change {
  readonly method: string;
  readonly kind: string;
  readonly name: string;
  /**
   * The body of the request. In a PATCH, helm 3 sends the difference and helm 4 the whole object.
   */
  readonly body: Stored;
}

interface Request {
  readonly method: string;
  readonly kind: string;
  readonly folder: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
  readonly body: Stored | undefined;
  readonly contentType: string;
}

/**
 * The part of Kubernetes' API server that helm needs: it lists its kinds and stores objects. It
 * acts on no object except pods, which `runPod` runs.
 */
export class ApiServer {
  readonly changes: Change[] = [];
  private readonly objects = new Map<string, Stored>();
  private readonly watchers = new Set<(object: Stored) => void>();
  private version = 1;

  private constructor(
    private readonly server: Server,
    private readonly runPod: (pod: Kinds['Pod']) => Promise<boolean>,
    readonly kubeconfig: string,
  ) {}

  /** @param runPod runs a pod until it ends, and returns whether it succeeded */
  static async start(runPod: (pod: Kinds['Pod']) => Promise<boolean>): Promise<ApiServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const kubeconfig = join(await temporaryFolder(), 'kubeconfig');
    const { port } = server.address() as AddressInfo;
    await writeFile(kubeconfig, kubeconfigOf(`http://127.0.0.1:${port}`));
    const api = new ApiServer(server, runPod, kubeconfig);
    server.on('request', (request, response) => void api.answer(request, response));
    cleanUp(() => api.stop());
    return api;
  }

  get<K extends Kind>(kind: K, name: string): Kinds[K] | undefined {
    const found = [...this.objects.values()].filter((object) => isOf(object, kind));
    return found.find(({ metadata }) => metadata.name === name);
  }

  names(kind: string): string[] {
    return [...this.objects.values()]
      .filter((object) => object.kind === kind)
      .map(({ metadata }) => metadata.name);
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? '/', 'http://cluster');
    const known = discovered(url.pathname);
    if (known) return reply(response, 200, known);
    const [, apiVersion = '', namespace = '', folder = '', name] = RESOURCE.exec(url.pathname) ?? [];
    const kind = KINDS[apiVersion]?.[folder];
    if (kind === undefined) return refuse(response, 404, 'NotFound');
    const contentType = incoming.headers['content-type'] ?? '';
    const method = incoming.method ?? 'GET';
    const raw = Buffer.concat(chunks);
    const body = method === 'DELETE' || raw.length === 0 ? undefined : bodyOf(raw, contentType);
    const request = {
      method,
      kind,
      folder,
      apiVersion,
      namespace,
      name,
      query: url.searchParams,
      contentType,
      body,
    };
    // The server does not support streaming lists, so clients use the older requests.
    if (url.searchParams.has('sendInitialEvents')) refuse(response, 422, 'Invalid');
    else if (url.searchParams.has('watch')) this.watch(request, response);
    else this.carryOut(request, response);
  }

  private carryOut(request: Request, response: ServerResponse): void {
    const { method, kind, name = request.body?.metadata.name ?? '', body } = request;
    const key = this.keyOf(request, name);
    const old = this.objects.get(key);
    if (method === 'GET' && request.name === undefined) return this.list(request, response);
    if (method !== 'GET' && kind !== 'Secret') this.changes.push({ method, kind, name, body: body! });
    const applies = request.contentType.includes('apply');
    if (method === 'POST' && old) return refuse(response, 409, 'AlreadyExists');
    if (method !== 'POST' && !old && !applies) return refuse(response, 404, 'NotFound');
    if (method === 'GET') return reply(response, 200, old);
    if (method === 'DELETE') {
      this.objects.delete(key);
      return reply(response, 200, { kind: 'Status', apiVersion: 'v1', status: 'Success' });
    }
    const merges = method === 'PATCH' && old !== undefined;
    const stored = this.store(request, (merges ? merge(old, body) : body) as Stored, name);
    reply(response, method === 'POST' ? 201 : 200, stored);
    if (method !== 'PUT' && isOf(stored, 'Pod') && !old) void this.run(request, stored);
  }

  private store({ apiVersion, kind, namespace, folder }: Request, object: Stored, name: string): Stored {
    const version = `${++this.version}`;
    const metadata = { uid: `uid-${version}`, ...object.metadata, namespace, resourceVersion: version };
    const stored = { ...object, apiVersion, kind, metadata };
    this.objects.set(`${apiVersion}/${namespace}/${folder}/${name}`, stored);
    for (const tell of this.watchers) tell(stored);
    return stored;
  }

  private async run(request: Request, pod: Kinds['Pod']): Promise<void> {
    const succeeded = await this.runPod(pod);
    const { name } = pod.metadata;
    if (!this.objects.has(this.keyOf(request, name))) return;
    const status = {
      phase: succeeded ? 'Succeeded' : 'Failed',
      conditions: [{ type: 'Ready', status: 'False' }],
    };
    this.store(request, { ...pod, status }, name);
  }

  private list(request: Request, response: ServerResponse): void {
    const items = [...this.objects.values()].filter((object) => matches(request, object));
    const metadata = { resourceVersion: `${this.version}` };
    reply(response, 200, { kind: `${request.kind}List`, apiVersion: request.apiVersion, metadata, items });
  }

  private watch(request: Request, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    const tell = (object: Stored) => {
      if (matches(request, object)) response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
    };
    this.watchers.add(tell);
    response.once('close', () => this.watchers.delete(tell));
    const since = Number(request.query.get('resourceVersion') ?? 0);
    for (const object of this.objects.values()) {
      if (Number(object.metadata.resourceVersion) > since) tell(object);
    }
    response.flushHeaders();
  }

  private keyOf({ apiVersion, namespace, folder }: Request, name: string): string {
    return `${apiVersion}/${namespace}/${folder}/${name}`;
  }
}

function bodyOf(raw: Buffer, contentType: string): Stored {
  return (contentType.includes('protobuf') ? secretFrom(raw) : JSON.parse(raw.toString())) as Stored;
}

/** Matches selectors such as `name=r,owner=helm` and `metadata.name=r`. */
function matches({ kind, query }: Request, object: Stored): boolean {
  const wanted = (parameter: string) =>
    (query.get(parameter) ?? '')
      .split(',')
      .filter((term) => term !== '')
      .map((term) => term.split(/==?/));
  return (
    object.kind === kind &&
    wanted('labelSelector').every(([key = '', value]) => object.metadata.labels?.[key] === value) &&
    wanted('fieldSelector').every(([, value]) => object.metadata.name === value)
  );
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  reply(response, code, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message: reason,
  });
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'markets' } }],
    'current-context': 'test',
  });
}
