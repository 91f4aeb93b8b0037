import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { getMetadataStorage } from 'class-validator';
import { parse as parseYaml } from 'yaml';
import * as dtos from '../../../src/admin/api/admin.dto.js';
import { ADMIN_JSON_FILE, ADMIN_YAML_FILE, generateAdmin } from '../../../tools/openapi/admin/generate.js';
import * as inputs from '../../../tools/openapi/admin/inputs.js';
import { ADMIN_TOKEN } from '../../support/admin-client.js';
import { ROOT } from '../../support/code-blocks.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient } from '../../support/test-client.js';

interface Operation {
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const document = JSON.parse(read(ADMIN_JSON_FILE)) as OpenApi;

it('the committed document matches the code; if it does not, run `npm run openapi`', async () => {
  const artefacts = await generateAdmin(ROOT);
  for (const file of [ADMIN_JSON_FILE, ADMIN_YAML_FILE]) expect(read(file)).toBe(artefacts.get(file));
  expect(parseYaml(read(ADMIN_YAML_FILE))).toEqual(document);
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  expect([document.openapi, document.info.version]).toEqual(['3.1.0', version]);
});

it.each([
  [dtos.ClientsQueryDto, inputs.CLIENTS_QUERY],
  [dtos.DisconnectDto, inputs.DISCONNECT_BODY],
  [dtos.NoticeTargetDto, inputs.NOTICE_TARGET],
  [dtos.NoticeDto, inputs.NOTICE_BODY],
  [dtos.RebalanceDto, inputs.REBALANCE_BODY],
  [dtos.LogLevelDto, inputs.LOG_LEVEL_BODY],
  [dtos.TraceDto, inputs.TRACE_BODY],
  [dtos.ReplicaQueryDto, inputs.REPLICA_QUERY],
  [dtos.ProfileDto, inputs.PROFILE_BODY],
])('%p has the fields that the document describes', (dto, described) => {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', true, false);
  const names = [...new Set(rules.map(({ propertyName }) => propertyName))];
  const optional = rules.filter(({ name }) => name === 'isOptional').map(({ propertyName }) => propertyName);
  const usesDefault = Object.keys(new dto()).filter(
    (name) => (new dto() as unknown as Record<string, unknown>)[name] !== undefined,
  );
  expect(Object.keys(described).sort()).toEqual(names.sort());
  for (const [name, { required = false, schema }] of Object.entries(described)) {
    expect([name, required]).toEqual([name, !optional.includes(name) && !usesDefault.includes(name)]);
    expect([name, schema.default]).toEqual([name, (new dto() as unknown as Record<string, unknown>)[name]]);
  }
});

const ajv = new Ajv2020({ strict: true });
addFormats(ajv);
const bare = (schema: object) =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '')) as object;
for (const [name, schema] of Object.entries(document.components.schemas)) ajv.addSchema(bare(schema), name);

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Returns what the document does not allow in a response. */
function problemOf(method: string, path: string, { status, type, text }: Answer): string | undefined {
  const described = document.paths[`/admin/v1/${path}`]![method.toLowerCase()]!.responses[status];
  if (!described) return `status ${status}`;
  const content = described.content[type.split(';')[0]!];
  if (!content) return `media type ${type}`;
  const { $ref } = content.schema;
  if ($ref === undefined) return undefined;
  return ajv.validate($ref.split('/').at(-1)!, JSON.parse(text)) ? undefined : ajv.errorsText();
}

describe('real answers', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  let diagnosed: GatewayProcess;
  let client: TestClient;

  const start = async (env: Readonly<Record<string, string>>) => {
    const started = await GatewayProcess.start({
      ADMIN_PORT: '0',
      ADMIN_TOKEN,
      REDIS_URL: redis.url,
      SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
      ...env,
    });
    await started.ready();
    return started;
  };

  beforeAll(async () => {
    redis = await RedisServer.start();
    [gateway, diagnosed] = await Promise.all([
      start({ REPLICA_NAME: 'one' }),
      start({ REPLICA_NAME: 'two', ADMIN_DIAGNOSTICS: 'true' }),
    ]);
    client = await TestClient.connect(gateway.url, { transports: ['websocket'], reconnection: false });
  });

  afterAll(async () => {
    client?.close();
    await Promise.all([gateway?.stop(), diagnosed?.stop()]);
    await redis?.stop();
  });

  async function send(
    method: string,
    path: string,
    body?: object | string,
    { to = gateway, headers = {} }: { to?: GatewayProcess; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(`${to.adminUrl}/admin/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      text: await response.text(),
    };
  }

  const CALLS: readonly [string, string, string, (object | string)?][] = [
    ['GET', 'clients', 'clients?sort=rooms&limit=10'],
    [
      'POST',
      'notices',
      'notices',
      { level: 'info', text: 'x', link: 'https://x.example/', to: { everyone: true } },
    ],
    ['POST', 'clients/disconnect', 'clients/disconnect', { user: 'unknown', reconnect: true }],
    ['GET', 'config', 'config?replica=one'],
    ['GET', 'logging', 'logging'],
    ['PUT', 'logging/level', 'logging/level', { level: 'warn', for_seconds: 60 }],
    ['DELETE', 'logging/level', 'logging/level?replica=one'],
    ['GET', 'stats', 'stats'],
    ['GET', 'openapi.json', 'openapi.json'],
    ['POST', 'replicas/{replica}/rebalance', 'replicas/one/rebalance', { share: 0.01, over_seconds: 1 }],
  ];

  it.each(CALLS)('of %s %s are as the document says', async (...call) => {
    const [method, path, url, body] = call; // a parameter without a value would be jest's `done`
    const good = await send(method, url, body);
    const open = await send(method, url, body, { headers: { authorization: '' } });
    const odd = await send(method, `${url}${url.includes('?') ? '&' : '?'}nosuch=1`, body);
    expect([good.status < 300, open.status, odd.status]).toEqual([true, 401, 400]);
    for (const answer of [good, open, odd]) expect(problemOf(method, path, answer)).toBeUndefined();
    if (typeof body === 'object') {
      const { schema } =
        document.paths[`/admin/v1/${path}`]![method.toLowerCase()]!.requestBody!.content['application/json'];
      expect(ajv.validate(bare(schema), body)).toBe(true);
      const wrong = [
        await send(method, url, '{'),
        await send(method, url, { ...body, nosuch: 1 }),
        await send(method, url, JSON.stringify({ text: 'x'.repeat(20_000) })),
        await send(method, url, 'text=x', {
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
      ];
      expect(wrong.map(({ status }) => status)).toEqual([400, 400, 413, 415]);
      for (const answer of wrong) expect(problemOf(method, path, answer)).toBeUndefined();
    }
  });

  it('of traces are as the document says, while one runs and after', async () => {
    const body = { client_id: client.socket.id!, for_seconds: 60 };
    const started = await send('POST', 'logging/traces', body);
    expect([started.status, problemOf('POST', 'logging/traces', started)]).toEqual([201, undefined]);
    const state = await send('GET', 'logging');
    expect(JSON.parse(state.text)).toMatchObject({
      replicas: ['one', 'two'].map((replica) => ({
        replica,
        traces: [{ client_id: client.socket.id }],
      })),
    });
    expect(problemOf('GET', 'logging', state)).toBeUndefined();
    const { trace_id } = JSON.parse(started.text) as { trace_id: string };
    const path = 'logging/traces/{trace_id}';
    const stopped = await send('DELETE', `logging/traces/${trace_id}`);
    const again = await send('DELETE', `logging/traces/${trace_id}`);
    expect([stopped.status, again.status]).toEqual([200, 404]);
    for (const answer of [stopped, again]) expect(problemOf('DELETE', path, answer)).toBeUndefined();
    for (let n = 0; n < 20; n++) await send('POST', 'logging/traces', { user: `u${n}`, for_seconds: 1 });
    const many = await send('POST', 'logging/traces', body);
    expect([many.status, problemOf('POST', 'logging/traces', many)]).toEqual([409, undefined]);
  });

  it('of diagnostics are as the document says, switched on and off', async () => {
    for (const [name, body] of [['heap-snapshot'], ['cpu-profile', { seconds: 1 }]] as const) {
      const path = `diagnostics/${name}`;
      const [off, on] = [await send('POST', path, body), await send('POST', path, body, { to: diagnosed })];
      expect([off.status, on.status]).toEqual([403, 200]);
      for (const answer of [off, on]) expect(problemOf('POST', path, answer)).toBeUndefined();
    }
  });

  it('of a drain, and of what follows it, are as the document says', async () => {
    const other = await send('POST', 'replicas/elsewhere/drain');
    const first = await send('POST', 'replicas/one/drain');
    const second = await send('POST', 'replicas/one/drain');
    for (const answer of [other, first, second])
      expect(problemOf('POST', 'replicas/{replica}/drain', answer)).toBeUndefined();
    expect([other.status, first.status, second.status]).toEqual([404, 202, 202]);
    const moved = await send('POST', 'replicas/one/rebalance', { share: 1, over_seconds: 1 });
    expect(moved.status).toBe(409);
    expect(problemOf('POST', 'replicas/{replica}/rebalance', moved)).toBeUndefined();
    expect(JSON.parse(moved.text)).toMatchObject({ message: 'This replica is being drained.' });
  });

  it('that differ from the document are found', () => {
    const answer = { status: 200, type: 'application/json', text: '{"clients":-1,"missing":[],"failed":[]}' };
    expect(problemOf('POST', 'notices', answer)).toMatch(/must be >= 0/);
    expect(problemOf('POST', 'notices', { ...answer, status: 418 })).toBe('status 418');
  });

  it('cover every operation', () => {
    const called = new Set([
      ...CALLS.map(([method, path]) => `${method} ${path}`),
      ...['POST logging/traces', 'DELETE logging/traces/{trace_id}', 'POST replicas/{replica}/drain'],
      ...['POST diagnostics/heap-snapshot', 'POST diagnostics/cpu-profile', 'GET stats/stream'],
    ]);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.slice('/admin/v1/'.length)}`),
    );
    expect(described.sort()).toEqual([...called].sort());
  });

  it('the served document is the committed one', async () => {
    expect((await send('GET', 'openapi.json')).text).toBe(read(ADMIN_JSON_FILE));
    expect((await gateway.get('/openapi.json')).status).toBe(200);
    expect((await gateway.get('/docs/admin-openapi.json')).status).toBe(404);
  });
});
