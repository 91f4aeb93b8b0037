// Runs malicious clients in a separate process, so that their cost does not slow down the good
// clients of the test.
//
// One argument, JSON: {attack, port, count, ms, address?}. Opens `count` connections (or tries for
// `ms`, but at most `count` times), keeps them until `ms` have passed, and prints the result as one
// line of JSON.
import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';

const { attack, port, count, ms, address } = JSON.parse(process.argv[2]);
const CONCURRENT = 1_000;
/** How long a connection waits for answers to its requests before a new one takes its place. */
const ANSWERS_WITHIN_MS = 1_000;
const begun = performance.now();
const left = () => ms - (performance.now() - begun);

const figures = { tried: 0, opened: 0, letIn: 0, refused: {}, cut: 0, cutAfterMs: [], asked: 0 };
const refuse = (why) => (figures.refused[why] = (figures.refused[why] ?? 0) + 1);
const sockets = new Set();

/**
 * Opens a connection, or resolves to undefined. Counts the connection if the other side closes it.
 */
function open() {
  figures.tried++;
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: address });
    let since = 0;
    socket.once('connect', () => {
      since = performance.now();
      figures.opened++;
      sockets.add(socket);
      resolve(socket);
    });
    socket.on('error', (error) => {
      if (since === 0) refuse(error.code);
      resolve(undefined);
    });
    socket.once('close', () => {
      if (sockets.delete(socket)) socket.onCut?.(performance.now() - since);
    });
  });
}

/** From now on, the gateway's closing the connection counts as a cut. */
const watch = (socket) => {
  socket.onCut = (after) => {
    figures.cut++;
    figures.cutAfterMs.push(Math.round(after));
  };
};

/**
 * Resolves to the head and body of the response, as far as they arrived in one piece. Empty if the
 * connection ends.
 */
const answer = (socket) =>
  new Promise((resolve) => {
    socket.once('data', (data) => resolve(data.toString('latin1')));
    socket.once('close', () => resolve(''));
  });

const HANDSHAKE = 'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n';
const UPGRADE =
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

const textFrame = (text) =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

/** A text message of up to 64 KB. */
function longFrame(text) {
  const header = Buffer.alloc(8); // ends with a masking key of zeros, which changes nothing
  header[0] = 0x81;
  header[1] = 0x80 | 126;
  header.writeUInt16BE(text.length, 2);
  return Buffer.concat([header, Buffer.from(text)]);
}

/** Writes all requests of a client at once, and then repeats this on a new connection. */
const ask = (requests) => askTexts(requests.map((request) => JSON.stringify(request)));

/**
 * The same for requests that are JSON already, because `JSON.stringify` cannot create deeply nested
 * ones.
 */
async function askTexts(requests) {
  const burst = Buffer.concat(requests.map((request, id) => longFrame(`42${id}${request}`)));
  while (left() > 0) {
    const socket = await open();
    if (!socket || !(await handshake(socket, UPGRADE))) return;
    watch(socket);
    socket.write(textFrame('40'));
    if (!(await answer(socket))) continue;
    // A client may send no request before it is accepted.
    await delay(50);
    socket.resume();
    socket.write(burst);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const wait = Math.min(ANSWERS_WITHIN_MS, Math.max(0, left()));
    await Promise.race([closed, delay(wait)]);
    if (wait === ANSWERS_WITHIN_MS) figures.asked++;
    sockets.delete(socket);
    socket.destroy();
  }
}

const times = (count, make) => Array.from({ length: count }, (_, n) => make(n));
const SYMBOLS = times(100, (n) => `P${n}`);
const EVENTS = [
  'subscribe',
  'unsubscribe',
  'get_products',
  'list_subscriptions',
  'get_snapshot',
  'refresh_token',
];

const deepArray = (bytes) => '['.repeat(bytes / 2) + ']'.repeat(bytes / 2);
const deepObject = (bytes) => '{"a":'.repeat(bytes / 6) + '1' + '}'.repeat(bytes / 6);

/** Payloads of about so many bytes that are expensive to parse or to check. */
const NESTED = [
  deepArray,
  deepObject,
  // Nested in the fields that the gateway reads.
  (bytes) => `{"type":"chain","symbol":${deepObject(bytes / 2)},"expiry":${deepArray(bytes / 2)}}`,
  (bytes) => `{"type":"product","symbols":[${times(bytes / 60, () => deepArray(58)).join()}]}`,
  (bytes) => `{"token":${deepObject(bytes)}}`,
  // Wide payloads: many elements, many different keys, and many keys in each of many objects.
  (bytes) => `{"type":"product","symbols":[${'1,'.repeat(bytes / 2)}1]}`,
  (bytes) => `{${times(bytes / 10, (n) => `"k${n}":1`).join()}}`,
  (bytes) => `[${times(bytes / 200, (n) => `{${times(20, (k) => `"${n}_${k}":{}`).join()}}`).join()}]`,
];

/** Sends a handshake, and returns whether it was accepted. Counts the reasons for rejections. */
async function handshake(socket, request) {
  socket.write(request);
  const text = await answer(socket);
  const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
  if (status === '200' || status === '101') {
    figures.letIn++;
    return text;
  }
  refuse(/"(?:reason|code)":"(\w+)"/.exec(text)?.[1] ?? status ?? 'closed');
  socket.destroy();
  return undefined;
}

/** Sends a byte now and then, for as long as possible. */
function dribble(socket, bytes, everyMs) {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(bytes.subarray(at, at + 1));
    at = (at + 1) % bytes.length;
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

const attacks = {
  async silent() {
    const socket = await open();
    if (socket) watch(socket);
    socket?.resume();
  },
  async headers() {
    const socket = await open();
    if (!socket) return;
    watch(socket);
    socket.resume();
    socket.write('GET /health HTTP/1.1\r\nHost: a\r\nX: ');
    dribble(socket, Buffer.from('slow'), 500);
  },
  async bodies() {
    const socket = await open();
    const text = socket && (await handshake(socket, HANDSHAKE));
    if (!text) return;
    const { sid } = JSON.parse(text.slice(text.indexOf('\r\n\r\n0{') + 5));
    watch(socket);
    socket.resume();
    socket.write(
      `POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n`,
    );
    dribble(socket, Buffer.from('40'), 500);
  },
  async frames() {
    const socket = await open();
    if (!socket || !(await handshake(socket, UPGRADE))) return;
    watch(socket);
    socket.resume();
    socket.write(textFrame('40'));
    // The header for 60,000 bytes of text, and then the bytes.
    socket.write(Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]));
    dribble(socket, Buffer.from('4'), 500);
  },
  async deaf() {
    const socket = await open();
    if (!socket || !(await handshake(socket, UPGRADE))) return;
    watch(socket);
    socket.pause();
    socket.write(textFrame('40'));
    dribble(socket, Buffer.alloc(0), 500);
    const timer = setInterval(() => socket.write(textFrame('42["get_products"]')), 100);
    socket.once('close', () => clearInterval(timer));
  },
  async 'polling handshakes'() {
    const socket = await open();
    if (!socket || !(await handshake(socket, HANDSHAKE))) return;
    socket.destroy();
  },
  async 'websocket handshakes'() {
    const socket = await open();
    if (!socket || !(await handshake(socket, UPGRADE))) return;
    watch(socket);
    socket.resume();
  },
  async batches() {
    await ask(
      times(1_200, (n) => [n % 2 === 0 ? 'subscribe' : 'unsubscribe', { type: 'product', symbols: SYMBOLS }]),
    );
  },
  async 'product lists'() {
    await ask(times(1_200, () => ['get_products']));
  },
  async snapshots() {
    await ask(times(600, () => ['get_snapshot', { type: 'product', symbols: SYMBOLS }]));
  },
  async 'wide chains'() {
    const request = { type: 'chain', symbol: 'WIDE' };
    await ask([['subscribe', request], ...times(20, () => ['get_snapshot', request])]);
  },
  async 'nested payloads'() {
    const requests = (bytes) =>
      EVENTS.flatMap((event) => NESTED.map((make) => `["${event}",${make(bytes)}]`));
    // A small request counts as one message and a large one as about 40. The rate limit refuses the second half of the
    // messages, but the gateway has to parse all of them: any more, and it would close the connection.
    await askTexts([...times(5, () => requests(900)).flat(), ...requests(40_000)]);
  },
  async clients() {
    const socket = await open();
    if (!socket || !(await handshake(socket, UPGRADE))) return;
    watch(socket);
    socket.resume();
    socket.write(textFrame('40'));
  },
};

let started = 0;
async function lane() {
  while (started < count && left() > 0) {
    started++;
    await attacks[attack]();
  }
}
await Promise.all(Array.from({ length: CONCURRENT }, lane));
await delay(Math.max(0, left()));

// The connections that are still open were not cut.
for (const socket of [...sockets]) {
  sockets.delete(socket);
  socket.destroy();
}
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit());
