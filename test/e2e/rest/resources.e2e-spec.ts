import { gunzipSync } from 'node:zlib';
import type { History, HistoryAcknowledgement } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, EXPIRY, timestampOf, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, Platform, UNDERLYING } from '../../support/platform.js';
import { RawHttp } from '../../support/raw-http.js';
import { RedisServer } from '../../support/redis-server.js';
import { ask, type RestAnswer } from '../../support/rest-request.js';
import { TestClient } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

const LATER = '2026-12-03';
/** A price as no `JSON.stringify` would write it. */
const LETTERS = `{ "type":"UNDERLYING_ENRICHED","product":"M&M", "price":2450.50,"volume":12345678901234567890, "timestamp":"${timestampOf(1)}","processed_at":"${timestampOf(1)}"}`;

let redis: RedisServer;
let gateway: GatewayProcess;
let platform: Platform;
const get = (path: string, headers: Record<string, string> = {}) => ask(gateway.url, path, { headers });

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url, PRODUCTS: 'NIFTY,AAPL' });
  await gateway.ready();
  platform = new Platform(redis, gateway);
  await platform.underlying('NIFTY', 1);
  await platform.publish(UNDERLYING, LETTERS);
  await platform.chain('NIFTY', 1, LATER);
  await platform.chain('NIFTY', 1);
  await platform.carried();
});

afterAll(async () => {
  await gateway?.stop();
  await redis?.stop();
});

const reads = () => gateway.metric('socket_gateway_cache_store_reads_total');

describe('JSON', () => {
  it('lists the products', async () => {
    const { status, json, headers } = await get('/v1/products');
    expect(status).toBe(200);
    expect(json).toEqual({ products: ['NIFTY', 'AAPL', 'M&M'] });
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, no-cache',
      'x-content-type-options': 'nosniff',
    });
  });

  it('has prices to the letter, in the order of the request, each once', async () => {
    const { text } = await get('/v1/prices?symbols=M%26M,%20NIFTY,,M%26M&symbols=AAPL&token=ignored');
    const statuses =
      '[{"product":"M&M","status":"live"},{"product":"NIFTY","status":"live"},{"product":"AAPL","status":"stale","last_update":null}]';
    expect(text).toBe(
      `{"prices":[${LETTERS},${JSON.stringify(underlying('NIFTY', 1))}],"statuses":${statuses}}`,
    );
  });

  it('has all chains of a product, the nearest first', async () => {
    const { json } = await get('/v1/chains/NIFTY');
    expect(json.chains).toMatchObject([chain('NIFTY', 1), chain('NIFTY', 1, LATER)]);
    expect(json.statuses).toEqual([
      { product: 'NIFTY', expiry: EXPIRY, status: 'live' },
      { product: 'NIFTY', expiry: LATER, status: 'live' },
    ]);
    expect(json.available).toBeUndefined();
  });

  it('has one chain, and the expiries', async () => {
    expect((await get(`/v1/chains/NIFTY/${LATER}`)).json).toMatchObject({
      chain: chain('NIFTY', 1, LATER),
      status: 'live',
    });
    expect((await get('/v1/chains/NIFTY/expiries')).json).toEqual({
      product: 'NIFTY',
      expiries: [EXPIRY, LATER],
    });
  });
});

describe('CSV', () => {
  it.each([
    ['the query', '?format=csv', {}],
    ['Accept', '', { accept: 'text/csv' }],
    ['Accept with parameters and ranks', '', { accept: 'text/html, text/csv;charset=utf-8, */*;q=0.1' }],
    ['the query, whatever Accept says', '?format=csv', { accept: 'application/json' }],
  ])('is chosen by %s', async (_, query, accept) => {
    const { text, headers } = await get(`/v1/products${query}`, accept);
    expect(text).toBe('product\r\nNIFTY\r\nAAPL\r\nM&M\r\n');
    expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    expect(headers['content-disposition']).toBe('attachment; filename="products.csv"');
    expect(headers.vary).toContain('Accept');
  });

  it('has one row for each price that was asked for, with numbers to the letter', async () => {
    const { text } = await get('/v1/prices?symbols=M%26M,AAPL&format=csv');
    expect(text).toBe(
      'product,price,timestamp,processed_at,status\r\n' +
        `M&M,2450.50,${timestampOf(1)},${timestampOf(1)},live\r\nAAPL,,,,stale\r\n`,
    );
  });

  it('has one row for each option, and no text that a spreadsheet would run', async () => {
    const product = platform.product();
    const hostile = chain(product, 7);
    const [call, other] = hostile.calls;
    const calls = [{ ...call, symbol: '=HYPERLINK("x")', bid: null }, other];
    await platform.publish(OPTION_CHAIN, { ...hostile, calls });
    await platform.carried();
    const { text } = await get(`/v1/chains/${encodeURIComponent(product)}/${EXPIRY}?format=csv`);
    const rows = text.split('\r\n').map((line) => line.split(','));
    expect(rows[0]!.join()).toBe(
      'product,expiry,timestamp,status,spot_price,strike,option_type,symbol,bid,ask,last,volume,open_interest,iv,delta,gamma,vega,theta',
    );
    expect(rows).toHaveLength(1 + 4 + 1);
    expect(rows[1]!.slice(0, 9)).toEqual([
      product,
      EXPIRY,
      timestampOf(7),
      'live',
      '7',
      '21450',
      'CALL',
      '"\'=HYPERLINK(""x"")"',
      '',
    ]);
    expect(rows[4]!.slice(5, 7)).toEqual(['21550', 'PUT']);
    expect(rows[4]!.at(-1)).toBe('-238.6448');
    const all = await get(`/v1/chains/${encodeURIComponent(product)}?format=csv`);
    expect(all.text).toBe(text);
    expect((await get('/v1/chains/NIFTY/expiries?format=csv')).text).toBe(
      `product,expiry\r\nNIFTY,${EXPIRY}\r\nNIFTY,${LATER}\r\n`,
    );
  });
});

describe('caching', () => {
  it('responds with 304 until the next update, and tags each format', async () => {
    const path = `/v1/chains/NIFTY/${EXPIRY}`;
    const [json, csv] = [await get(path), await get(path, { accept: 'text/csv' })];
    expect(json.headers.etag).toMatch(/^W\/"[\w-]{16}"$/);
    expect(csv.headers.etag).not.toBe(json.headers.etag);
    const again = { 'if-none-match': `"x", ${json.headers.etag}` };
    const unchanged = await get(path, again);
    expect([unchanged.status, unchanged.text]).toEqual([304, '']);
    expect(unchanged.headers).toMatchObject({
      etag: json.headers.etag,
      'cache-control': 'public, no-cache',
    });
    expect((await get(path, { ...again, accept: 'text/csv' })).status).toBe(200);
    await platform.chain('NIFTY', 2);
    await platform.carried();
    const changed = await get(path, again);
    expect([changed.status, changed.json.chain.spot_price]).toEqual([200, 2]);
  });

  it('responds to HEAD with the headers of GET', async () => {
    const got = await get('/v1/chains/NIFTY');
    const head = await ask(gateway.url, '/v1/chains/NIFTY', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    for (const name of ['etag', 'content-type', 'content-length', 'cache-control'])
      expect(head.headers[name]).toBe(got.headers[name]);
  });

  it('compresses large bodies for clients that accept it', async () => {
    const plain = await get('/v1/chains/NIFTY');
    const zipped = await get('/v1/chains/NIFTY', { 'accept-encoding': 'br, gzip' });
    expect(zipped.headers).toMatchObject({ 'content-encoding': 'gzip', etag: plain.headers.etag });
    expect(Number(zipped.headers['content-length'])).toBe(zipped.bytes.length);
    expect(gunzipSync(zipped.bytes).equals(plain.bytes)).toBe(true);
    expect((await get('/v1/products', { 'accept-encoding': 'gzip' })).headers).not.toHaveProperty(
      'content-encoding',
    );
  });
});

describe('history', () => {
  let product: string;
  let path: string;
  beforeAll(async () => {
    product = platform.product();
    path = `/v1/history/prices/${encodeURIComponent(product)}`;
    for (let price = 1; price <= 7; price++) await platform.underlying(product, price);
    for (let price = 1; price <= 3; price++) await platform.chain(product, price);
    await platform.carried();
  });
  const after = (n: number) => encodeURIComponent(timestampOf(n));
  const prices = (text: string) =>
    text
      .trim()
      .split('\r\n')
      .slice(1)
      .map((row) => Number(row.split(',')[2]));

  it('is what get_history sends', async () => {
    const client = await TestClient.connect(gateway.url);
    const request = { type: 'product', symbol: product, limit: 3 };
    const { ok, rooms, ...page } = (await client.ask('get_history', request)) as HistoryAcknowledgement;
    expect([ok, rooms]).toEqual([true, [`product:${product}`]]);
    const { status, json, headers } = await get(`${path}?limit=3`);
    expect([status, json]).toEqual([200, page]);
    expect(json.updates).toEqual([5, 6, 7].map((n) => [timestampOf(n), n]));
    expect(headers).toMatchObject({ 'cache-control': 'public, no-cache', etag: expect.any(String) });
    const again = await get(`${path}?limit=3`, { 'if-none-match': headers.etag! });
    expect([again.status, again.headers.link]).toEqual([304, headers.link]);
  });

  it.each([
    ['back from the newest', '?limit=3&format=csv', [[5, 6, 7], [2, 3, 4], [1]]],
    [
      'forward from a time',
      `?from=${after(2)}&to=${after(6)}&limit=3&format=csv`,
      [
        [2, 3, 4],
        [5, 6],
      ],
    ],
  ])('Link leads through the pages, %s', async (_, query, expected) => {
    const pages: number[][] = [];
    let url: string | undefined = new URL(path + query, gateway.url).href;
    while (url !== undefined) {
      const { status, text, headers }: RestAnswer = await get(url.slice(gateway.url.length));
      expect(status).toBe(200);
      pages.push(prices(text));
      const [, link] = /^<(.*)>; rel="next"$/.exec(String(headers.link)) ?? [];
      url = link === undefined ? undefined : new URL(link, url).href;
    }
    expect(pages).toEqual(expected);
  });

  it('Link leads on behind a proxy that changes the path, and from a path that ends with a slash', async () => {
    const { headers } = await get(`${path}?limit=3`);
    const [, link = ''] = /^<(.*)>/.exec(headers.link as string) ?? [];
    const outside = new URL(link, `https://example.com/market${path}`);
    expect(outside.href).toMatch(`https://example.com/market${path}?limit=3&cursor=b`);
    const slash = await get(`${path}/?limit=3`);
    expect(slash.headers.link).toMatch(/^<\?limit=3&cursor=/);
  });

  it('is a table of prices, bars or summaries as CSV', async () => {
    const { text, headers } = await get(`${path}?from=${after(1)}&limit=2`, { accept: 'text/csv' });
    expect(text).toBe(
      `product,timestamp,price,gap\r\n${product},${timestampOf(1)},1,true\r\n${product},${timestampOf(2)},2,false\r\n`,
    );
    expect(headers['content-disposition']).toBe(`attachment; filename="${product}-prices.csv"`);
    const bars = await get(`${path}?resolution=5m&format=csv`);
    expect(bars.text).toMatch(
      new RegExp(`^product,timestamp,open,high,low,close,count\r\n${product},\\d{4}-.*Z,1,7,1,7,7\r\n$`),
    );
    const chains = `/v1/history/chains/${encodeURIComponent(product)}/${EXPIRY}`;
    const summaries = await get(`${chains}?limit=1&format=csv`);
    expect(summaries.text).toBe(
      'product,expiry,timestamp,spot_price,pcr_oi,pcr_volume,max_pain_strike,atm_strike,atm_straddle_price,total_call_oi,total_put_oi,gap\r\n' +
        `${product},${EXPIRY},${timestampOf(3)},3,0.9464,1.0259,21400,21500,449.33,1146062,1084590,false\r\n`,
    );
    const openings = chains.replace('chains', 'openings');
    await waitFor(async () => (await redis.client.xlen(`history:opening:${product}:${EXPIRY}`)) === 1);
    const opening = await get(`${openings}?format=csv`);
    expect(opening.text.split('\r\n').slice(0, 2)).toEqual([
      'product,expiry,timestamp,strike,call_open_interest,call_last,put_open_interest,put_last,gap',
      `${product},${EXPIRY},${timestampOf(1)},21450,20859,715.93,,,false`,
    ]);
    expect(opening.headers['content-disposition']).toBe(
      `attachment; filename="${product}-${EXPIRY}-opening.csv"`,
    );
    expect((await get(chains)).json).toMatchObject({ type: 'summary', expiry: EXPIRY, next: null });
  });

  it('takes a time with an offset, also if its plus is not encoded', async () => {
    const at = timestampOf(6).replace('T04:', 'T10:');
    for (const plus of ['+', '%2B']) {
      // 10:13:38 in India is 04:43:38 in UTC.
      const time = at.replace(/T10:(\d\d)/, (__, minute: string) => `T10:${Number(minute) - 30}`);
      const { json } = await get(`${path}?from=${time}${plus}05:30`);
      const { updates } = json as History;
      expect(updates?.map(([, price]) => price)).toEqual([6, 7]);
    }
  });

  it('refuses the cursor of another request', async () => {
    const { json } = await get(`${path}?limit=3`);
    const cursor = String(json.next);
    expect((await get(`${path}?limit=1&cursor=${cursor}`)).json.updates).toEqual([[timestampOf(4), 4]]);
    const others = [
      `/v1/history/prices/NIFTY?cursor=${cursor}`,
      `${path}?resolution=1m&cursor=${cursor}`,
      `${path}?to=${after(9)}&cursor=${cursor}`,
      `/v1/history/chains/${product}/${EXPIRY}?cursor=${cursor}`,
    ];
    for (const other of others) {
      const refused = await get(other);
      expect(refused.json).toMatchObject({
        statusCode: 400,
        code: 'INVALID_PAGE',
        details: [{ field: 'cursor', problem: expect.stringMatching(/^is of another request/) }],
      });
    }
  });

  it('is empty for a time without updates, and 404 if nothing is known of the product', async () => {
    const { status, json } = await get(`${path}?from=2027-01-01T00:00:00`);
    expect([status, json.updates, json.known]).toEqual([200, [], undefined]);
    const unknown = await get('/v1/history/prices/NEVER-SEEN');
    expect([unknown.status, unknown.json.rooms]).toEqual([404, ['product:NEVER-SEEN']]);
  });

  it.each([
    ['?from=yesterday', 'INVALID_TIME', 'from'],
    ['?to=', 'INVALID_TIME', 'to'],
    ['?from=2026-01-01T00:00:00&from=2026-01-01T00:00:00', 'INVALID_TIME', 'from'],
    ['?limit=0', 'INVALID_PAGE', 'limit'],
    ['?limit=5001', 'INVALID_PAGE', 'limit'],
    ['?limit=1e3', 'INVALID_PAGE', 'limit'],
    ['?limit=-1', 'INVALID_PAGE', 'limit'],
    ['?resolution=2m', 'INVALID_PAGE', 'resolution'],
    ['?cursor=c1-1', 'INVALID_PAGE', 'cursor'],
    ['?cursor=b1-1&cursor=b1-1', 'INVALID_PAGE', 'cursor'],
    ['?format=xml', 'INVALID_FORMAT', 'format'],
  ])('400 for %s', async (query, code, field) => {
    const { json } = await get(path + query);
    expect(json).toMatchObject({ statusCode: 400, code, details: [{ field }] });
  });

  it('counts its work, which is that of get_history', async () => {
    // The other gateway knows only what this one has written.
    await waitFor(async () => (await redis.client.xlen(`history:product:${product}`)) === 7);
    const poor = await GatewayProcess.start({
      REDIS_URL: redis.url,
      WORK_PER_SECOND: '1',
      WORK_BURST: '60',
    });
    await poor.ready();
    // 5 units, and one for each 4 rows.
    const status = async (limit: number) => (await ask(poor.url, `${path}?limit=${limit}`)).status;
    expect([await status(100), await status(100), await status(4)]).toEqual([200, 200, 429]);
    await poor.stop();
  });
});

describe('what is wrong gets a clear error', () => {
  const symbols = Array.from({ length: 101 }, (_, n) => `S${n}`).join();
  it.each([
    ['/v1/prices', 400, 'INVALID_SYMBOL'],
    ['/v1/prices?symbols=', 400, 'INVALID_SYMBOL'],
    ['/v1/prices?symbols[]=NIFTY', 400, 'INVALID_SYMBOL'],
    ['/v1/prices?symbols=NIFTY,a:b', 400, 'INVALID_SYMBOL'],
    [`/v1/prices?symbols=${symbols}`, 400, 'TOO_MANY_SYMBOLS'],
    ['/v1/prices?symbols=NIFTY&format=xml', 400, 'INVALID_FORMAT'],
    ['/v1/products?format=csv&format=csv', 400, 'INVALID_FORMAT'],
    ['/v1/products?format=', 400, 'INVALID_FORMAT'],
    ['/v1/chains/no%20symbol', 400, 'INVALID_SYMBOL'],
    ['/v1/chains/latest:chain:NIFTY', 400, 'INVALID_SYMBOL'],
    ['/v1/chains/NIFTY/2026-02-30', 400, 'INVALID_EXPIRY'],
    ['/v1/chains/NIFTY/tomorrow', 400, 'INVALID_EXPIRY'],
    [`/v1/chains/${'A'.repeat(10_000)}`, 400, 'INVALID_SYMBOL'],
    ['/v1/prices?symbols=AAPL,NOSUCH', 404, 'NOT_FOUND'],
    ['/v1/chains/NOSUCH', 404, 'NOT_FOUND'],
    ['/v1/chains/NOSUCH/expiries', 404, 'NOT_FOUND'],
    ['/v1/chains/NIFTY/2030-01-01', 404, 'NOT_FOUND'],
    ['/v1/history/prices/no%20symbol', 400, 'INVALID_SYMBOL'],
    ['/v1/history/chains/NIFTY/2026-02-30', 400, 'INVALID_EXPIRY'],
    ['/v1/history/chains/NIFTY/2026-11-26?resolution=1m', 400, 'INVALID_PAGE'],
    ['/v1/history/chains/NIFTY/2030-01-01', 404, 'NOT_FOUND'],
    ['/v1/history/openings/NIFTY/2026-02-30', 400, 'INVALID_EXPIRY'],
    ['/v1/history/openings/NIFTY/2026-11-26?limit=5', 400, 'INVALID_PAGE'],
    ['/v1/history/openings/NIFTY/2026-11-26?from=2026-11-22T04:43:38', 400, 'INVALID_TIME'],
    ['/v1/history/openings/NIFTY/2030-01-01', 404, 'NOT_FOUND'],
    ['/v1/history/openings/NIFTY', 404, 'NOT_FOUND'],
    ['/v1/history/chains/NIFTY', 404, 'NOT_FOUND'],
    ['/v1/history', 404, 'NOT_FOUND'],
    ['/v1', 404, 'NOT_FOUND'],
    ['/v1/', 404, 'NOT_FOUND'],
    ['/v1/nothing', 404, 'NOT_FOUND'],
    ['/v1/chains/NIFTY/2026-11-26/more', 404, 'NOT_FOUND'],
  ])('%.60s: %s %s', async (path, status, code) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ statusCode: status, code, message: expect.any(String) });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers.etag).toBeUndefined();
  });

  it('names the bad symbols by their positions, and repeats nothing that was sent', async () => {
    const { json, text } = await get('/v1/prices?symbols=NIFTY,secret:token,AAPL,%3Cb%3E');
    expect(json.details).toMatchObject([
      { field: 'symbols', index: 1 },
      { field: 'symbols', index: 3 },
    ]);
    expect(text).not.toMatch(/secret|<b>/);
  });

  it('406 if the client accepts neither format', async () => {
    const { status, json } = await get('/v1/products', { accept: 'application/xml' });
    expect([status, json.code]).toEqual([406, 'NOT_ACCEPTABLE']);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('405 for %s', async (method) => {
    const { status, headers, json } = await ask(gateway.url, '/v1/products', { method });
    expect([status, headers.allow, json.code]).toEqual([405, 'GET, HEAD, OPTIONS', 'METHOD_NOT_ALLOWED']);
    const preflight = await ask(gateway.url, '/v1/products', { method: 'OPTIONS' });
    expect(preflight.headers['access-control-allow-methods']).toBe('GET,HEAD');
  });

  it.each([
    ['GET /v1/chains/%ZZ HTTP/1.1', '400'],
    ['GET /v1/chains/%C0%AF HTTP/1.1', '400'],
    ['BREW /v1/products HTTP/1.1', '400'],
    [`GET /v1/${'x'.repeat(20_000)} HTTP/1.1`, '431'],
  ])('%.40s: %s', async (line, status) => {
    const answer = await RawHttp.exchange(gateway.url, `${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

it('reads nothing from Redis while memory knows the answer', async () => {
  const before = await reads();
  for (const path of ['/v1/products', '/v1/prices?symbols=NIFTY,M%26M', '/v1/chains/NIFTY']) await get(path);
  await get(`/v1/chains/NIFTY/${EXPIRY}`);
  await get('/v1/chains/NIFTY/expiries');
  expect(await reads()).toBe(before);
});

it('asks Redis once for a room that only Redis knows, and not again at once for one that nobody knows', async () => {
  const product = platform.product();
  await redis.client.set(
    `latest:underlying:${product}`,
    JSON.stringify({ price: 9, timestamp: new Date().toISOString() }),
  );
  const path = `/v1/prices?symbols=${encodeURIComponent(product)}`;
  const before = await reads();
  const answers = await Promise.all([get(path), get(path), get(path)]);
  expect(answers.map(({ json }) => json.prices[0].price)).toEqual([9, 9, 9]);
  expect((await get(path)).json.statuses).toEqual([{ product, status: 'live' }]);
  expect(await reads()).toBe(before + 1);
  for (let n = 0; n < 5; n++) expect((await get('/v1/prices?symbols=MISSPELT')).status).toBe(404);
  expect(await reads()).toBe(before + 2);
  await platform.underlying('MISSPELT', 3);
  await platform.carried();
  expect((await get('/v1/prices?symbols=MISSPELT')).json.prices[0].price).toBe(3);
});

it('counts requests by route and status', async () => {
  const sample = (route: string, status: number) =>
    gateway.metric(`socket_gateway_rest_requests_total{route="${route}",status="${status}"}`);
  expect(await sample('/v1/chains/:symbol', 200)).toBeGreaterThan(0);
  expect(await sample('/v1/chains/:symbol/:expiry', 304)).toBeGreaterThan(0);
  expect(await sample('other', 405)).toBe(4);
  expect(await gateway.metric('socket_gateway_rest_unsent_bytes')).toBe(0);
});

describe('with a short STALE_AFTER_MS', () => {
  it('says since when a price and a chain are stale, and stays the same resource until then', async () => {
    const stale = await GatewayProcess.start({
      REDIS_URL: redis.url,
      STALE_AFTER_MS: '300',
      CHAIN_STALE_AFTER_MS: '300',
    });
    await stale.ready();
    await redis.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', 50)));
    await redis.client.publish(OPTION_CHAIN, JSON.stringify(chain('NIFTY', 50)));
    const status = async () => (await ask(stale.url, '/v1/prices?symbols=NIFTY')).json?.statuses?.[0];
    await waitFor(async () => (await status())?.status === 'stale', 'the price does not become stale');
    expect(await status()).toEqual({
      product: 'NIFTY',
      status: 'stale',
      last_update: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const path = `/v1/chains/NIFTY/${EXPIRY}`;
    await waitFor(async () => (await ask(stale.url, path)).json.status === 'stale', 'nor does the chain');
    expect((await ask(stale.url, path)).json.last_update).toEqual(expect.any(String));
    expect((await ask(stale.url, `${path}?format=csv`)).text).toContain(',stale,50,');
    await stale.stop();
  });
});

it('serves what it knows while Redis is down, and says 503 for the rest', async () => {
  const own = await RedisServer.start();
  const alone = await GatewayProcess.start({ REDIS_URL: own.url });
  await alone.ready();
  await own.client.publish(UNDERLYING, JSON.stringify(underlying('NIFTY', 1)));
  await waitFor(async () => (await ask(alone.url, '/v1/prices?symbols=NIFTY')).status === 200);
  await own.kill();
  expect((await ask(alone.url, '/v1/prices?symbols=NIFTY')).status).toBe(200);
  const { status, headers, json } = await ask(alone.url, '/v1/prices?symbols=NIFTY,TSLA');
  expect([status, json.code, json.rooms]).toEqual([503, 'SNAPSHOT_UNAVAILABLE', ['product:TSLA']]);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(json.retry_after_ms).toBeGreaterThan(0);
  const history = await ask(alone.url, '/v1/history/prices/NIFTY');
  expect([history.status, history.json.code]).toEqual([503, 'HISTORY_UNAVAILABLE']);
  expect(Number(history.headers['retry-after'])).toBeGreaterThan(0);
  await alone.stop();
});

it('is not there if REST_API is false', async () => {
  const off = await GatewayProcess.start({ REDIS_URL: redis.url, REST_API: 'false' });
  const { status, json } = await ask(off.url, '/v1/products');
  expect([status, json]).toEqual([404, { statusCode: 404, message: 'Not Found' }]);
  expect(await (await off.get('/metrics', { accept: 'text/plain' })).text()).not.toContain('_rest_');
  await off.stop();
});
