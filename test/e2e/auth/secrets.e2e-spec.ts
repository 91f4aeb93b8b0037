import { GatewayProcess } from '../../support/gateway-process.js';
import { RawHttp } from '../../support/raw-http.js';
import { RedisServer } from '../../support/redis-server.js';
import { askRaw, sendRaw } from '../../support/raw-packet.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/** A marker in every secret of this test. */
const MARKER = 'Hunter2Marker';
/** Has the form of a real token. No part of it may be printed, in any case or encoding. */
const TOKEN = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(MARKER).toString('base64url')}.${MARKER}`;
const TRACES = [MARKER, TOKEN.split('.')[1]!, encodeURIComponent(TOKEN)].map((text) => text.toLowerCase());

const HEADERS = {
  authorization: `Bearer ${TOKEN}`,
  cookie: `session=${TOKEN}`,
  referer: `https://app.example.com/?token=${TOKEN}`,
  'user-agent': TOKEN,
  'x-api-key': TOKEN,
  'x-request-id': TOKEN,
  'x-forwarded-for': TOKEN,
};

const PATHS = [
  `/${TOKEN}`,
  `/health/${TOKEN}`,
  `/health/live/${TOKEN}`,
  `/metrics/${TOKEN}`,
  `/health?token=${TOKEN}`,
  `/health/ready?token=${TOKEN}`,
  `/health/live?token=${TOKEN}`,
  `/metrics?token=${TOKEN}`,
  `/socket.io?token=${TOKEN}`,
  `/socket.io/${TOKEN}`,
  `/socket.io/${TOKEN}?EIO=4&transport=polling`,
  `/socket.io/?EIO=4&transport=${TOKEN}`,
  `/socket.io/?EIO=${TOKEN}&transport=polling`,
  `/socket.io/?EIO=4&transport=polling&sid=${TOKEN}`,
  `/socket.io/?EIO=4&transport=websocket&token=${TOKEN}`,
  `/%zz/${TOKEN}`,
];

/** Raw packets are text. What is logged does not depend on the encoding. */
const JSON_TRANSPORTS = Object.entries(TRANSPORTS).filter(([name]) => !name.includes('MessagePack'));

/** Sends a request that contains secrets, and resolves with everything the gateway returns. */
type Act = (gateway: GatewayProcess) => Promise<string>;

const text = async (response: Response): Promise<string> =>
  JSON.stringify([...response.headers]) + (await response.text());

const ask: Record<string, Act> = {
  'GET requests with secrets in the path and every header': async (gateway) => {
    const answers = PATHS.map(async (path) => text(await gateway.get(path, HEADERS)));
    return (await Promise.all(answers)).join('\n');
  },
  'POST requests with secrets in the body': async (gateway) => {
    const answers = PATHS.map(async (path) =>
      text(await fetch(gateway.url + path, { method: 'POST', headers: HEADERS, body: TOKEN })),
    );
    return (await Promise.all(answers)).join('\n');
  },
  'a preflight': async (gateway) =>
    text(
      await fetch(`${gateway.url}/${TOKEN}`, {
        method: 'OPTIONS',
        // CORS repeats the requested method and headers to the client, so they contain no secret.
        headers: { ...HEADERS, origin: 'https://app.example.com', 'access-control-request-method': 'GET' },
      }),
    ),
  'malformed HTTP': (gateway) =>
    RawHttp.exchange(gateway.url, `GET /${TOKEN} HTTP/1.1\r\n${TOKEN}\r\n: ${TOKEN}\r\n\r\n${TOKEN}`),
  'an invalid upgrade': (gateway) =>
    RawHttp.exchange(
      gateway.url,
      `GET /socket.io/?EIO=4&transport=websocket&token=${TOKEN} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n` +
        `Upgrade: websocket\r\nSec-WebSocket-Key: ${TOKEN}\r\nSec-WebSocket-Protocol: ${TOKEN}\r\n\r\n`,
    ),
  ...Object.fromEntries(
    JSON_TRANSPORTS.map(([name, transport]): [string, Act] => [
      `a client (${name}) with a token wherever one fits`,
      async (gateway) => {
        const client = await TestClient.connect(gateway.url, {
          ...transport,
          query: { token: TOKEN },
          auth: { password: TOKEN },
          extraHeaders: HEADERS,
        });
        client.contract.sendsInvalid = true;
        const answers = [
          await client.ask('subscribe', { type: TOKEN, symbol: TOKEN, expiry: TOKEN, [TOKEN]: TOKEN }),
          await client.ask('subscribe', { type: 'product', symbol: `*${TOKEN}`, token: TOKEN }),
          await client.ask('subscribe', TOKEN),
          await client.ask('unsubscribe', { type: 'product', symbols: [`*${TOKEN}`] }),
          await askRaw(client, `["get_products","${TOKEN}"]`),
        ];
        const received = JSON.stringify(client.received);
        // The gateway repeats a shortened name of an unknown event, but only to the client that
        // sent it.
        client.socket.emit(TOKEN, TOKEN);
        await client.settled();
        if (name !== 'plain websocket') {
          sendRaw(client, `9${TOKEN}`); // not a valid packet: the gateway closes the connection
          await waitFor(() => client.disconnects.length > 0);
        }
        return JSON.stringify(answers) + received;
      },
    ]),
  ),
};

describe.each<[string, Record<string, string>]>([
  ['with default settings', {}],
  ['with an admin token', { ADMIN_TOKEN: `${MARKER}-admin-token` }],
  ['with an admin port', { ADMIN_PORT: '0' }],
])('a gateway %s, at LOG_LEVEL=trace', (_, env) => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  const answers: string[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start([], `redis-${MARKER}`);
    gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      SECRET_KEY: `key-${MARKER}`,
      LOG_LEVEL: 'trace',
      ...env,
    });
    await gateway.ready();
  });

  const expectNoTrace = (where: string, seen: string): void => {
    const lower = seen.toLowerCase();
    expect([where, TRACES.filter((trace) => lower.includes(trace))]).toEqual([where, []]);
  };

  it.each(Object.entries(ask))('does not repeat the secrets in its response: %s', async (name, act) => {
    const answer = await act(gateway);
    answers.push(answer);
    expectNoTrace(name, answer);
  });

  it('keeps the secrets out of metrics, health, logs and standard error, also during an outage and at the end', async () => {
    expect(answers.join('').length).toBeGreaterThan(1_000); // the requests did return something
    const { ADMIN_TOKEN } = env;
    const operator: Record<string, string> =
      ADMIN_TOKEN === undefined ? {} : { authorization: `Bearer ${ADMIN_TOKEN}` };
    const url = 'ADMIN_PORT' in env ? gateway.adminUrl : gateway.url;
    const read = async (path: string, accept: string) =>
      text(await fetch(url + path, { headers: { ...operator, accept } }));
    const told = async () =>
      [
        await read('/metrics', 'application/json'),
        await read('/metrics', 'text/plain'),
        await read('/health', '*/*'),
      ].join();
    expect(await told()).toContain('socket_gateway_connections_total');
    expectNoTrace('metrics and health', await told());

    await redis.kill();
    await waitFor(() => gateway.logged('redis_connection_failed'), 'the outage was not logged');
    expectNoTrace('metrics and health in an outage', await told());
    expect(await gateway.stop()).toBe(0);
    for (const msg of [
      'socket_gateway_listening',
      'request completed',
      'client_connected',
      'client_request_refused',
    ]) {
      expect([msg, gateway.logged(msg)]).toEqual([msg, expect.anything()]);
    }
    expectNoTrace('the logs', JSON.stringify(gateway.logs));
    expectNoTrace('standard error', gateway.stderr);
  });
});
