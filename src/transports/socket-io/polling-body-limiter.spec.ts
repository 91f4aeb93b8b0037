import { FanoutRig } from '../../../test/support/fanout-rig.js';
import { PollingClient } from '../../../test/support/polling-client.js';
import { RawHttp } from '../../../test/support/raw-http.js';
import { waitFor } from '../../../test/support/wait.js';
import { type Connection, setPollingCloseTimeout } from './engine-io-internals.js';
import { type BodyRefusal, PollingBodyLimiter, type PollingBodyOptions } from './polling-body-limiter.js';

const MESSAGE_BYTES = 1_000;
const BURST = 10;
const BODY_BYTES = 10_240;

/** An unknown event of this size, which the server ignores. */
const message = (bytes: number): string => `42["${'x'.repeat(bytes - 6)}"]`;
const bodyOf = (...packets: string[]): string => packets.join('\x1e');
/** Messages of a burst. */
const LONG = bodyOf(...Array.from({ length: BURST }, () => message(MESSAGE_BYTES)));

/** Each ends a session or a connection. The server would wait half a minute for them. */
const ends: (() => Promise<unknown>)[] = [];

async function setUp(options: Partial<PollingBodyOptions> = {}) {
  const rig = await FanoutRig.start();
  rig.server.on('connection', (socket) => void socket.emit('connected', { message: '' } as never));
  const refused: BodyRefusal[] = [];
  const limiter = new PollingBodyLimiter({
    engine: rig.server.engine,
    maxMessageBytes: MESSAGE_BYTES,
    eventBurst: BURST,
    onRefused: (reason) => refused.push(reason),
    ...options,
  });
  rig.server.engine.use(limiter.check);
  rig.server.engine.on('connection', (connection: Connection) => setPollingCloseTimeout(connection, 1));
  const handshake = await (await fetch(`${rig.url}/socket.io/?EIO=4&transport=polling`)).text();
  const { sid } = JSON.parse(handshake.slice(1)) as { sid: string };
  const path = `/socket.io/?EIO=4&transport=polling&sid=${sid}`;
  const post = (body: string) => fetch(rig.url + path, { method: 'POST', body });
  ends.push(() => post('1'));
  expect((await post('40')).status).toBe(200);
  return { rig, refused, path, post };
}

/** Sends the head of a request, and a part of its body. */
async function begin(url: string, path: string, length: string, part: string): Promise<RawHttp> {
  const raw = await RawHttp.connect(url);
  ends.push(() => Promise.resolve(raw.tcp.destroy()));
  raw.tcp.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${length}\r\n\r\n${part}`);
  return raw;
}

const statusOf = ({ answer }: RawHttp): number => Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1]);
async function status(raw: RawHttp): Promise<number> {
  await waitFor(() => raw.answer !== '', 'no response');
  return statusOf(raw);
}

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await FanoutRig.stopAll();
});

describe('the body of a polling client', () => {
  it('may be as long as a burst of messages, each as long as one may be', async () => {
    const { rig, post, refused } = await setUp();
    const received: string[] = [];
    for (const { conn } of rig.server.sockets.sockets.values()) {
      conn.on('packet', ({ data }: { data: string }) => received.push(data));
    }
    expect(LONG.length).toBeGreaterThan(BURST * MESSAGE_BYTES);
    expect((await post(LONG)).status).toBe(200);
    expect(received.map((data) => data.length)).toEqual(
      Array.from({ length: BURST }, () => MESSAGE_BYTES - 1),
    );
    expect(refused).toEqual([]);
  });

  it.each<[string, string]>([
    ['a message that is one byte too long', bodyOf('3', message(MESSAGE_BYTES + 1), '3')],
    ['a last message that is too long', bodyOf(message(500), message(MESSAGE_BYTES + 1))],
    ['a message with too many bytes, and few characters', bodyOf('3', `42["${'\u20ac'.repeat(400)}"]`)],
    ['more packets than a body of one message can have', bodyOf(...Array.from({ length: 501 }, () => '3'))],
    ['more bytes than a burst', LONG + LONG],
  ])('is rejected with 413 if it has %s', async (_, body) => {
    const { rig, post, refused } = await setUp();
    const received: unknown[] = [];
    for (const { conn } of rig.server.sockets.sockets.values()) {
      conn.on('packet', (packet: unknown) => received.push(packet));
    }
    expect((await post(body)).status).toBe(413);
    expect(refused).toEqual(['too_large']);
    expect(received).toEqual([]); // none of it was decoded
    // The session goes on, and the next body has the usual limits.
    expect((await post(message(MESSAGE_BYTES))).status).toBe(200);
    expect((await post(message(MESSAGE_BYTES + 1))).status).toBe(413);
    expect((await post(LONG)).status).toBe(200);
  });

  it('is rejected if a message that is too long arrives in several chunks', async () => {
    const { rig, path } = await setUp();
    const raw = await begin(rig.url, path, `Content-Length: ${BODY_BYTES}`, bodyOf('3', 'x'.repeat(600)));
    await new Promise((resolve) => setTimeout(resolve, 20)); // so that it is a chunk of its own
    expect(raw.answer).toBe('');
    raw.tcp.write('x'.repeat(600));
    expect(await status(raw)).toBe(413);
  });

  it('may be only as long as one message if it does not announce its length', async () => {
    const { rig, path, post, refused } = await setUp();
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    const chunked = 'Transfer-Encoding: chunked';
    const end = '0\r\n\r\n';
    const short = await begin(rig.url, path, chunked, chunk(message(MESSAGE_BYTES)) + end);
    expect(await status(short)).toBe(200);
    expect((await post(LONG)).status).toBe(200); // does not raise the limit of the next one
    const long = await begin(rig.url, path, chunked, chunk(message(600)) + chunk(`\x1e${message(600)}`));
    expect(await status(long)).toBe(413);
    expect(refused).toEqual(['too_large']);
  });
});

describe('long bodies that arrive at the same time', () => {
  const setUpTwo = async () => {
    const first = await setUp({ maxInFlightBytes: BODY_BYTES });
    const second = await PollingClient.connect(first.rig.url);
    ends.push(() => second.close());
    const held = await begin(first.rig.url, first.path, `Content-Length: ${LONG.length}`, LONG.slice(0, -1));
    return { ...first, second, held };
  };
  /** The second session sends until the first body counts. */
  const waitUntilHeld = (second: PollingClient) => waitFor(async () => (await second.send(LONG)) === 503);

  it('share a budget, and one beyond it is told when to try again', async () => {
    const { second, held, refused, rig } = await setUpTwo();
    await waitUntilHeld(second);
    expect(new Set(refused)).toEqual(new Set(['busy']));
    const response = await fetch(second.session, { method: 'POST', body: LONG });
    const { retry_after_ms, ...body } = (await response.json()) as Record<string, unknown>;
    expect(body).toEqual({ message: expect.stringContaining('Try again'), reason: 'busy' });
    expect(response.headers.get('Retry-After')).toBe(`${Number(retry_after_ms) / 1_000}`);
    expect(response.headers.get('Access-Control-Expose-Headers')).toBe('Retry-After');
    // Bodies of one message are accepted meanwhile, and both sessions go on.
    expect(await second.send(message(MESSAGE_BYTES))).toBe(200);
    held.tcp.write(LONG.slice(-1));
    expect(await status(held)).toBe(200);
    await waitFor(async () => (await second.send(LONG)) === 200);
    expect(rig.server.sockets.sockets.size).toBe(2);
  });

  it('no longer count once their connection is lost', async () => {
    const { second, held } = await setUpTwo();
    await waitUntilHeld(second);
    held.tcp.destroy();
    await waitFor(async () => (await second.send(LONG)) === 200);
  });

  it('do not count before they arrive, so that idle connections keep no other client out', async () => {
    const { rig, path, post, refused } = await setUp({ maxInFlightBytes: BODY_BYTES });
    const second = await PollingClient.connect(rig.url);
    ends.push(() => second.close());
    const idle = await begin(rig.url, path, `Content-Length: ${BODY_BYTES}`, '');
    await new Promise((resolve) => setTimeout(resolve, 20)); // until the server has read the head
    for (let i = 0; i < 3; i++) expect(await second.send(bodyOf(message(600), message(600)))).toBe(200);
    expect(refused).toEqual([]);
    expect(idle.answer).toBe('');
    expect((await post('3')).status).toBe(400); // the body was being received
  });

  it('are refused while they arrive if the budget is used up', async () => {
    const { rig, path, refused } = await setUp({ maxInFlightBytes: BODY_BYTES });
    const second = await PollingClient.connect(rig.url);
    ends.push(() => second.close());
    const secondPath = second.session.slice(rig.url.length);
    const half = bodyOf(...Array.from({ length: 6 }, () => message(MESSAGE_BYTES)));
    const raws: RawHttp[] = [];
    for (const each of [path, secondPath])
      raws.push(await begin(rig.url, each, `Content-Length: ${BODY_BYTES}`, ''));
    await new Promise((resolve) => setTimeout(resolve, 20)); // until the server has read both heads
    raws[0]!.tcp.write(half);
    await new Promise((resolve) => setTimeout(resolve, 20));
    raws[1]!.tcp.write(half);
    expect(await status(raws[1]!)).toBe(413);
    expect(raws[0]!.answer).toBe('');
    expect(refused).toEqual(['busy']);
    expect(await second.send(message(MESSAGE_BYTES))).toBe(200); // the session goes on
  });
});
