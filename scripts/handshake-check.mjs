// Checks whether a gateway serves clients: connects as they do, subscribes and receives. Exits with 0
// if everything arrived, and otherwise with 1 and the reason. `helm test` runs it in a pod of the
// gateway's own image, so it may use only production packages.
//
//   node scripts/handshake-check.mjs [--url=http://127.0.0.1:8002] [--ways=websocket] [--symbol=NIFTY]
//     [--expect=confirmation|data] [--expect-refusal=AUTH_REQUIRED] [--timeout=10] [--allow-unready]
//
// --ways             what to try, one after the other: websocket and polling (of Socket.IO),
//                    plain-websocket (/ws), sse (/sse), rest (/v1)
// --expect           what must arrive: the confirmation of the subscription, or also data: a price, a
//                    chain or a feed_status
// --expect-refusal   the code with which the gateway must reject a client without a token
// --allow-unready    accept a gateway that answers 503 or 429 because it drains or is full, for the
//                    health check of a container
// CHECK_TOKEN        (environment) the token to send. It is not an argument, because every user of
//                    the machine can see arguments.
import { Buffer } from 'node:buffer';
import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { WebSocket } from 'ws';

const DATA = new Set(['underlying_update', 'chain_update', 'chain_summary', 'feed_status']);
const WAYS = {
  websocket: () => checkWebSocket(SOCKET_IO),
  polling: checkPolling,
  'plain-websocket': () => checkWebSocket(PLAIN),
  sse: checkSse,
  rest: checkRest,
};

function options(args) {
  const given = {
    url: `${process.env.TLS_CERT ? 'https' : 'http'}://127.0.0.1:${process.env.PORT || 8002}`,
    ways: 'websocket',
    symbol: 'NIFTY',
    expect: 'confirmation',
    'expect-refusal': '',
    timeout: '10',
    'allow-unready': '',
  };
  for (const arg of args) {
    const [, name, value = 'true'] = /^--([a-z-]+)(?:=(.*))?$/.exec(arg) ?? [];
    if (!(name in given)) throw new Error(`${arg} is not known`);
    given[name] = value;
  }
  given.ways = given.ways.split(',');
  const unknown = given.ways.find((way) => !Object.hasOwn(WAYS, way));
  if (unknown !== undefined)
    throw new Error(`--ways has "${unknown}", but knows ${Object.keys(WAYS).join(', ')}`);
  if (!['confirmation', 'data'].includes(given.expect)) throw new Error(`--expect is "${given.expect}"`);
  if (!URL.canParse(given.url) || !/^https?:/.test(given.url)) throw new Error(`--url is "${given.url}"`);
  given.url = given.url.replace(/\/+$/, '');
  if (!(Number(given.timeout) > 0)) throw new Error(`--timeout is "${given.timeout}"`);
  return given;
}

function end(problem, said = '') {
  if (problem) console.error(problem);
  else if (said) console.log(said);
  process.exit(problem ? 1 : 0);
}

/** How clients of Socket.IO talk over a WebSocket. */
const SOCKET_IO = {
  path: '/socket.io/?EIO=4&transport=websocket',
  label: '',
  enter: (token) => `40${token ? JSON.stringify({ token }) : ''}`,
  request: (event, data) => `421${JSON.stringify([event, data])}`,
  read(text) {
    if (text === '2') return { reply: '3' };
    if (text.startsWith('0')) return { isGreeting: true };
    // engine.io's type 4 and Socket.IO's type, the id of the acknowledgement if there is one, and JSON
    const [, type, id, json] = /^4([0-9])(\d*)(.*)$/s.exec(text) ?? [];
    const body = json ? JSON.parse(json) : undefined;
    if (type === '2') return { event: body[0], data: body[1] };
    if (type === '3' && id === '1') return { event: 'ack', data: body[0] };
    if (type === '4') return { event: 'connect_error', data: body.data ?? { code: body.message } };
    return {};
  },
};

/** How clients of plain WebSockets talk. They speak first. */
const PLAIN = {
  path: '/ws',
  label: '/ws: ',
  speaksFirst: true,
  enter: (token) => JSON.stringify({ event: 'auth', data: token ? { token } : {} }),
  request: (event, data) => JSON.stringify({ event, data, id: 1 }),
  read: (text) => JSON.parse(text),
};

/** Connects, subscribes and waits for what is expected. Resolves to a line that says so. */
function checkWebSocket({ path, label, speaksFirst, enter, request: ask, read }) {
  const at = `${given.url}${label && path}`;
  step = `${at} did not answer`;
  // The certificate is issued for the name that clients use. Inside the cluster and on the machine
  // itself, the gateway has another name.
  const socket = new WebSocket(`${given.url.replace(/^http/, 'ws')}${path}`, { rejectUnauthorized: false });
  const received = { subscribed: false, acknowledged: false, data: '' };
  return new Promise((resolve) => {
    const succeed = (said) => {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(`${label}${said}`);
    };
    const greet = () => {
      step = `${at} opened a session, but did not let the check in`;
      socket.send(enter(token));
    };
    const checkWhole = () => {
      if (!received.subscribed || !received.acknowledged) return;
      step = `${at} sent no price, chain or feed_status of ${given.symbol}`;
      if (given.expect === 'data' && !received.data) return;
      succeed(
        `connected, subscribed to product:${given.symbol}${received.data && `, received ${received.data}`}`,
      );
    };
    const onEvent = (name, data) => {
      if (name === 'connected') {
        if (given['expect-refusal']) end(`${at} let the check in without a token`);
        step = `${at} did not confirm the subscription`;
        socket.send(ask('subscribe', { type: 'product', symbol: given.symbol }));
      } else if (name === 'connect_error') {
        succeed(refusal(at, data.code));
      } else if (name === 'ack') {
        if (!data.ok) end(`${at} refused the subscription: ${data.error?.code}`);
        received.acknowledged = true;
      } else if (name === 'subscribed' && data.room === `product:${given.symbol}`) {
        received.subscribed = true;
      } else if (name === 'closing' && !given['allow-unready']) {
        end(`${at} closed the connection: ${data.code}`);
      } else if (DATA.has(name) && data.product === given.symbol) {
        received.data ||= name;
      }
      checkWhole();
    };
    socket.on('open', () => speaksFirst && greet());
    socket.on('unexpected-response', (_, { statusCode }) => {
      const busy = statusCode === 503 || statusCode === 429;
      end(busy && given['allow-unready'] ? undefined : `${at} answered ${statusCode}`);
    });
    socket.on('error', (error) => end(`${at} did not answer: ${error.message || error.code}`));
    socket.on('close', (code) => end(`${at} closed the connection (${code})`));
    socket.on('message', (raw) => {
      const { reply, isGreeting, event, data } = read(raw.toString());
      if (reply) socket.send(reply);
      else if (isGreeting) greet();
      else if (event) onEvent(event, data);
    });
  });
}

/** Ends with a problem, unless the gateway should reject the check with this code. */
function refusal(at, code) {
  if (code !== given['expect-refusal']) end(`${at} rejected the check: ${code}`);
  return `refused with ${code}, as it should be`;
}

/**
 * Connects and leaves. All requests use one TCP connection, because only the pod that opened the
 * session knows it, and the Service may spread connections over pods.
 */
async function checkPolling() {
  const path = '/socket.io/?EIO=4&transport=polling';
  const at = `${given.url} with polling`;
  step = `${at} did not answer`;
  const agent = new (given.url.startsWith('https') ? TlsAgent : Agent)({ keepAlive: true, maxSockets: 1 });
  const poll = async (url, body) => {
    const response = await http(at, url, { agent, body });
    if (response.status !== 200) end(`${at} answered ${response.status}`);
    return response.text;
  };
  const { sid } = JSON.parse((await poll(path)).slice(1));
  const session = `${path}&sid=${sid}`;
  await poll(session, SOCKET_IO.enter(token));
  const [first] = (await poll(session)).split('\x1e');
  const { event, data } = SOCKET_IO.read(first);
  if (event === 'connect_error') return `polling: ${refusal(at, data.code)}`;
  if (!first.startsWith('40')) end(`${at} did not let the check in`);
  if (given['expect-refusal']) end(`${at} let the check in without a token`);
  await poll(session, '1');
  agent.destroy();
  return 'polling: connected';
}

/** Asks for an event stream, and waits for what is expected. Resolves to a line that says so. */
async function checkSse() {
  const at = `${given.url}/sse`;
  const room = `product:${given.symbol}`;
  step = `${at} did not answer`;
  const response = await open(at, `/sse?rooms=${encodeURIComponent(room)}`, { headers: authorization() });
  if (response.statusCode !== 200) {
    const { code } = JSON.parse((await textOf(response)) || '{}');
    if (response.statusCode === 401 && given['expect-refusal']) return `/sse: ${refusal(at, code)}`;
    end(`${at} answered ${response.statusCode}`);
  }
  if (given['expect-refusal']) end(`${at} let the check in without a token`);
  step = `${at} did not confirm the subscription`;
  let text = '';
  let isSubscribed = false;
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const [, event, json] = /^event: (.*)\ndata: (.*)/.exec(block) ?? [];
      const data = event && JSON.parse(json);
      if (event === 'error') end(`${at} refused the subscription: ${data.code}`);
      if (event === 'closing' && !given['allow-unready']) end(`${at} closed the connection: ${data.code}`);
      if (event === 'subscribed' && data.room === room) {
        isSubscribed = true;
        step = `${at} sent no price, chain or feed_status of ${given.symbol}`;
      }
      const arrived = DATA.has(event) && data.product === given.symbol ? event : '';
      if (!isSubscribed || (given.expect === 'data' && !arrived)) continue;
      response.destroy();
      return `/sse: subscribed to ${room}${arrived && `, received ${arrived}`}`;
    }
  }
  end(`${at} closed the connection`);
}

/** Asks for the list of products. */
async function checkRest() {
  const at = `${given.url}/v1/products`;
  step = `${at} did not answer`;
  const { status, text } = await http(at, '/v1/products', {
    headers: authorization(),
  });
  if (status === 401 && given['expect-refusal']) return `/v1: ${refusal(at, JSON.parse(text).code)}`;
  if (given['expect-refusal']) end(`${at} answered ${status} without a token`);
  if (status !== 200) end(`${at} answered ${status}`);
  return '/v1: answered';
}

function authorization() {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Sends a request, and reads the response. Ends with a problem if there is none. */
async function http(at, path, options) {
  const response = await open(at, path, options);
  try {
    return { status: response.statusCode, text: await textOf(response) };
  } catch (error) {
    return unanswered(at, error);
  }
}

/** Sends a request: a POST if it has a body. Ends with a problem if there is no response. */
function open(at, path, { agent, headers, body }) {
  const send = given.url.startsWith('https') ? tlsRequest : request;
  return new Promise((resolve) => {
    const options = {
      agent,
      headers,
      method: body === undefined ? 'GET' : 'POST',
      rejectUnauthorized: false,
    };
    const sent = send(`${given.url}${path}`, options, resolve);
    sent.on('error', (error) => unanswered(at, error));
    sent.end(body);
  });
}

async function textOf(response) {
  return Buffer.concat(await response.toArray()).toString();
}

function unanswered(at, error) {
  end(`${at} did not answer: ${error.message || error.code}`);
}

const token = process.env.CHECK_TOKEN;
let step = '';
let given;
try {
  given = options(process.argv.slice(2));
} catch (error) {
  end(error.message);
}

setTimeout(() => end(`${step} within ${given.timeout} s`), Number(given.timeout) * 1_000);

try {
  const said = [];
  for (const way of given.ways) said.push(await WAYS[way]());
  end(undefined, said.join('\n'));
} catch (error) {
  end(`${given.url} answered with something unexpected: ${error.message}`);
}
