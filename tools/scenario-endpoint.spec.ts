import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { scenarioEndpoint } from './scenario-endpoint.js';
import { type Scenario, SCENARIOS } from './simulator/scenarios.js';

/** A market that only remembers its scenario. */
class Market {
  scenario: Scenario = 'normal';
  play(scenario: Scenario): void {
    this.scenario = scenario;
  }
}

const market = new Market();
let server: Server;
let url: string;

beforeAll(async () => {
  const endpoint = scenarioEndpoint(market);
  server = createServer((request, response) =>
    endpoint(request, response, () => response.writeHead(404).end()),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  server.close();
  await once(server, 'close');
});
beforeEach(() => market.play('normal'));

const JSON_TYPE = { 'content-type': 'application/json' };
const put = (body: string, headers: Readonly<Record<string, string>> = JSON_TYPE) =>
  fetch(url, { method: 'PUT', headers, body });

it('returns the scenario and all that can be chosen', async () => {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toEqual({ scenario: 'normal', scenarios: SCENARIOS });
});

it.each(SCENARIOS)('plays %s', async (scenario) => {
  const response = await put(JSON.stringify({ scenario }));
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ scenario, scenarios: SCENARIOS });
  expect(market.scenario).toBe(scenario);
});

it.each([
  ['not JSON', '{', 400],
  ['an unknown scenario', '{"scenario": "slow"}', 400],
  ['a property of every object', '{"scenario": "constructor"}', 400],
  ['no scenario', '{}', 400],
  ['no object', '"fast"', 400],
  ['null', 'null', 400],
  ['nothing', '', 400],
  ['a body that is too long', `{"scenario": "fast", "more": "${'x'.repeat(5000)}"}`, 413],
])('rejects %s, and says what it takes', async (_, body, status) => {
  const response = await put(body);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({
    statusCode: status,
    message:
      status === 413
        ? 'The body must not be longer than 1024 bytes.'
        : 'The body must be {"scenario": NAME}; NAME is one of normal, trend, fast, halt.',
  });
  expect(market.scenario).toBe('normal');
});

it.each([{ 'content-type': 'text/plain' }, { 'content-type': 'application/x-www-form-urlencoded' }, {}])(
  'rejects a body with the headers %j',
  async (headers) => {
    expect((await put('{"scenario": "fast"}', headers as Record<string, string>)).status).toBe(415);
    expect(market.scenario).toBe('normal');
  },
);

it('takes a content type with a character set', async () => {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  expect((await put('{"scenario": "fast"}', headers)).status).toBe(200);
});

it('rejects pages of other origins, whatever they ask', async () => {
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
    expect((await put('{"scenario": "fast"}', { ...JSON_TYPE, origin })).status).toBe(403);
    expect((await fetch(url, { headers: { origin } })).status).toBe(403);
  }
  for (const site of ['cross-site', 'same-site']) {
    const headers = { ...JSON_TYPE, 'sec-fetch-site': site, origin: new URL(url).origin };
    expect((await put('{"scenario": "fast"}', headers)).status).toBe(403);
  }
  expect(market.scenario).toBe('normal');
});

it('takes requests of its own page, also through a proxy with another host', async () => {
  expect((await put('{"scenario": "fast"}', { ...JSON_TYPE, origin: new URL(url).origin })).status).toBe(200);
  const headers = { ...JSON_TYPE, 'sec-fetch-site': 'same-origin', origin: 'http://localhost:5173' };
  expect((await put('{"scenario": "halt"}', headers)).status).toBe(200);
});

it('takes no other methods, and no other paths', async () => {
  for (const method of ['POST', 'DELETE', 'PATCH']) {
    const response = await fetch(url, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD, PUT');
  }
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(`${url}more`)).status).toBe(404);
});

it('answers a body that is too long before it has arrived', async () => {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head =
    'PUT / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n';
  socket.write(head + 'x'.repeat(2000));
  let response = '';
  for await (const chunk of socket.setEncoding('utf8')) response += chunk as string;
  expect(response).toContain('413 Payload Too Large');
});

it('survives a client that breaks off', async () => {
  const { port, hostname } = new URL(url);
  const request = new Promise<void>((resolve) => server.once('request', () => resolve()));
  const socket = connect(Number(port), hostname);
  socket.write(
    `PUT / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"scenario"`,
  );
  await request;
  socket.destroy();
  await once(socket, 'close');
  expect((await fetch(url)).status).toBe(200);
  expect(market.scenario).toBe('normal');
});
