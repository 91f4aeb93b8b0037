import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { parse as parseYaml } from 'yaml';
import { STATUS_OF } from '../../../src/rest/rest-error.js';
import { ROUTES } from '../../../src/rest/rest.metrics.js';
import { generate, JSON_FILE, YAML_FILE } from '../../../tools/openapi/generate.js';
import { ROOT } from '../../support/code-blocks.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { EXPIRY } from '../../support/messages.js';
import { Platform } from '../../support/platform.js';
import { RedisServer } from '../../support/redis-server.js';
import { ask, type RestAnswer } from '../../support/rest-request.js';
import { hs256, JWT_SECRET } from '../../support/tokens.js';

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, { readonly get: { readonly responses: Responses } }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}
type Responses = Readonly<Record<string, Described>>;
interface Described {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const document = JSON.parse(read(JSON_FILE)) as OpenApi;

it('the committed document matches the code; if it does not, run `npm run openapi`', async () => {
  const artefacts = await generate(ROOT);
  for (const file of [JSON_FILE, YAML_FILE]) expect(read(file)).toBe(artefacts.get(file));
});

it('describes every route in OpenAPI 3.1, with the version of the package', () => {
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  expect([document.openapi, document.info.version]).toEqual(['3.1.0', version]);
  expect(parseYaml(read(YAML_FILE))).toEqual(document);
  const routes = ROUTES.map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
  expect(Object.keys(document.paths).sort()).toEqual(routes.sort());
});

const ajv = new Ajv2020({ strict: true, keywords: ['x-enum-descriptions', 'x-closings'] });
addFormats(ajv);
const bare = (schema: object) =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '')) as object;
for (const [name, schema] of Object.entries(document.components.schemas)) ajv.addSchema(bare(schema), name);

/** Returns what the document does not allow in a response. */
function problemOf(path: string, { status, headers, json }: RestAnswer): string | undefined {
  const described = document.paths[path]!.get.responses[status];
  if (!described) return `status ${status}`;
  for (const [name, { required = true }] of Object.entries(described.headers ?? {}))
    if (required && !(name.toLowerCase() in headers)) return `no header ${name}`;
  if (!described.content) return json === undefined ? undefined : 'a body';
  const type = headers['content-type']?.split(';')[0] ?? '';
  const content = described.content[type];
  if (!content) return `media type ${type}`;
  if (type === 'text/csv') return undefined;
  const name = content.schema.$ref!.split('/').at(-1)!;
  return ajv.validate(name, json) ? undefined : ajv.errorsText();
}

describe('real responses', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  let locked: GatewayProcess;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
    const limits = { WORK_PER_SECOND: '1', WORK_BURST: '7' };
    locked = await GatewayProcess.start({
      REDIS_URL: redis.url,
      AUTH_MODE: 'required',
      SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
      JWT_SECRET,
      ...limits,
    });
    await gateway.ready();
    const platform = new Platform(redis, gateway);
    await platform.underlying('NIFTY', 1);
    await platform.chain('NIFTY', 1);
    await platform.carried();
  });

  afterAll(async () => {
    await Promise.all([gateway?.stop(), locked?.stop()]);
    await redis?.stop();
  });

  const PATHS = {
    '/v1/products': '/v1/products',
    '/v1/prices': '/v1/prices?symbols=NIFTY,NOSUCH',
    '/v1/chains/{symbol}': '/v1/chains/NIFTY',
    '/v1/chains/{symbol}/expiries': '/v1/chains/NIFTY/expiries',
    '/v1/chains/{symbol}/{expiry}': `/v1/chains/NIFTY/${EXPIRY}`,
    '/v1/history/prices/{symbol}': '/v1/history/prices/NIFTY?resolution=1m',
    '/v1/history/chains/{symbol}/{expiry}': `/v1/history/chains/NIFTY/${EXPIRY}`,
  } as const;

  it.each(Object.entries(PATHS))('of %s are as the document says', async (path, url) => {
    const json = await ask(gateway.url, url);
    const csv = await ask(gateway.url, url, { headers: { accept: 'text/csv' } });
    const unchanged = await ask(gateway.url, url, { headers: { 'if-none-match': json.headers.etag! } });
    const bad = await ask(gateway.url, `${url}${url.includes('?') ? '&' : '?'}format=xml`);
    const neither = await ask(gateway.url, url, { headers: { accept: 'image/png' } });
    const anonymous = await ask(locked.url, url);
    const answers = [json, csv, unchanged, bad, neither, anonymous];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 304, 400, 406, 401]);
    for (const answer of answers) expect(problemOf(path, answer)).toBeUndefined();
  });

  it('are as the document says if the limits are exceeded, and if nothing is known', async () => {
    const path = '/v1/chains/{symbol}';
    const absent = await ask(gateway.url, '/v1/chains/NOSUCH');
    const headers = { authorization: `Bearer ${hs256()}` };
    await ask(locked.url, '/v1/chains/NOSUCH', { headers });
    const limited = await ask(locked.url, '/v1/chains/NOSUCH', { headers });
    expect([absent.status, limited.status]).toEqual([404, 429]);
    for (const answer of [absent, limited]) expect(problemOf(path, answer)).toBeUndefined();
  });

  it('that differ from the document are found', async () => {
    const answer = await ask(gateway.url, '/v1/products');
    expect(problemOf('/v1/products', { ...answer, json: { products: [1] } })).toMatch(/must be string/);
    expect(problemOf('/v1/products', { ...answer, status: 418 })).toBe('status 418');
    expect(problemOf('/v1/products', { ...answer, headers: {} })).toBe('no header ETag');
  });
});

it('every error is described for some operation, apart from those of other paths and methods', () => {
  const text = JSON.stringify(document.paths);
  const missing = Object.keys(STATUS_OF).filter((code) => !text.includes(`\`${code}\``));
  expect(missing).toEqual(['METHOD_NOT_ALLOWED']);
});
