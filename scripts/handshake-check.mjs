// Checks whether a gateway serves clients: opens a WebSocket as they do, joins the namespace,
// subscribes and receives. Exits with 0 if everything arrived, and otherwise with 1 and the reason.
// `helm test` runs it in a pod of the gateway's own image, so it may use only production packages.
//
//   node scripts/handshake-check.mjs [--url=http://127.0.0.1:8002] [--symbol=NIFTY] [--expect=confirmation|data]
//     [--expect-refusal=AUTH_REQUIRED] [--timeout=10] [--allow-unready]
//
// --expect           what must arrive: the confirmation of the subscription, or also data: a price, a
//                    chain or a feed_status
// --expect-refusal   the code with which the gateway must reject a client without a token
// --allow-unready    accept a gateway that answers 503 or 429 because it drains or is full, for the
//                    health check of a container
// CHECK_TOKEN        (environment) the token to send. It is not an argument, because every user of
//                    the machine can see arguments.
import { WebSocket } from 'ws';

const DATA = new Set(['underlying_update', 'chain_update', 'chain_summary', 'feed_status']);
const PATH = '/socket.io/?EIO=4&transport=websocket';

function options(args) {
  const given = {
    url: `${process.env.TLS_CERT ? 'https' : 'http'}://127.0.0.1:${process.env.PORT || 8002}`,
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

let given;
try {
  given = options(process.argv.slice(2));
} catch (error) {
  end(error.message);
}

let step = `${given.url} did not answer`;
setTimeout(() => end(`${step} within ${given.timeout} s`), Number(given.timeout) * 1_000);

// The certificate is issued for the name that clients use. Inside the cluster and on the machine
// itself, the gateway has another name.
const socket = new WebSocket(`${given.url.replace(/^http/, 'ws')}${PATH}`, { rejectUnauthorized: false });
const emit = (id, ...event) => socket.send(`42${id}${JSON.stringify(event)}`);
const received = { connected: false, subscribed: false, acknowledged: false, data: '' };

/**
 * engine.io's type 4 and Socket.IO's type, the id of the acknowledgement if there is one, and JSON.
 */
function packetOf(text) {
  const [, type, id, json] = /^4([0-9])(\d*)(.*)$/s.exec(text) ?? [];
  return { type, id, body: json ? JSON.parse(json) : undefined };
}

function checkWhole() {
  if (!received.subscribed || !received.acknowledged) return;
  step = `${given.url} sent no price, chain or feed_status of ${given.symbol}`;
  if (given.expect === 'data' && !received.data) return;
  end(
    undefined,
    `connected, subscribed to product:${given.symbol}${received.data && `, received ${received.data}`}`,
  );
}

function onEvent([name, payload]) {
  if (name === 'connected') {
    received.connected = true;
    step = `${given.url} did not confirm the subscription`;
    emit(1, 'subscribe', { type: 'product', symbol: given.symbol });
  } else if (name === 'subscribed' && payload.room === `product:${given.symbol}`) {
    received.subscribed = true;
  } else if (name === 'closing' && !given['allow-unready']) {
    end(`${given.url} closed the connection: ${payload.code}`);
  } else if (DATA.has(name) && payload.product === given.symbol) {
    received.data ||= name;
  }
  checkWhole();
}

function onRefusal({ message, data }) {
  const code = data?.code ?? message;
  if (code === given['expect-refusal']) end(undefined, `refused with ${code}, as it should be`);
  end(`${given.url} rejected the check: ${code}`);
}

socket.on('unexpected-response', (_, { statusCode }) => {
  const busy = statusCode === 503 || statusCode === 429;
  end(busy && given['allow-unready'] ? undefined : `${given.url} answered ${statusCode}`);
});
socket.on('error', (error) => end(`${given.url} did not answer: ${error.message || error.code}`));
socket.on('close', (code) => end(`${given.url} closed the connection (${code})`));
socket.on('message', (raw) => {
  const text = raw.toString();
  if (text === '2') return socket.send('3');
  if (text.startsWith('0')) {
    step = `${given.url} opened a session, but did not let the check join the namespace`;
    const token = process.env.CHECK_TOKEN;
    return socket.send(`40${token ? JSON.stringify({ token }) : ''}`);
  }
  const { type, id, body } = packetOf(text);
  if (type === '0' && given['expect-refusal']) end(`${given.url} let the check in without a token`);
  else if (type === '4') onRefusal(body);
  else if (type === '2') onEvent(body);
  else if (type === '3' && id === '1') {
    const [{ ok, error }] = body;
    if (!ok) end(`${given.url} refused the subscription: ${error?.code}`);
    received.acknowledged = true;
    checkWhole();
  }
});
