import { closeSync, openSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { waitFor } from '../../test/support/wait.js';
import { loadNativeBatchWriter } from './native-batch-writer.js';

const { writer } = loadNativeBatchWriter();
if (!writer) throw new Error('build the addon: npm run build');

/** More than the kernel's buffers of both ends can hold. */
const KERNEL_BUFFERS = 16_000_000;

const server = createServer();
const open: Socket[] = [];

/** A connection: the end that is written to with its descriptor, and the end that reads. */
async function pair() {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const reader = connect((server.address() as { readonly port: number }).port);
  const [socket] = await accepted;
  open.push(reader, socket);
  let received = Buffer.alloc(0);
  reader.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
  return { socket, reader, fd, text: () => received.toString(), size: () => received.length };
}

/** Sends the same buffers to each descriptor. */
function send(descriptors: readonly number[], buffers: readonly Buffer[]): number[] {
  const taken = new Int32Array(descriptors.length).fill(-1);
  const writes = Int32Array.from(descriptors.flatMap((fd) => [fd, 0, buffers.length]));
  writer!.send(buffers, Int32Array.from(buffers.keys()), writes, descriptors.length, taken);
  return [...taken];
}

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterEach(() => open.splice(0).forEach((socket) => socket.destroy()));
afterAll(() => new Promise((resolve) => server.close(resolve)));

describe('the native batch writer', () => {
  it('sends the same buffers, in order, to each connection', async () => {
    const pairs = [await pair(), await pair(), await pair()];
    const buffers = ['one ', 'two ', 'three'].map((text) => Buffer.from(text));
    expect(
      send(
        pairs.map(({ fd }) => fd),
        buffers,
      ),
    ).toEqual([13, 13, 13]);
    await waitFor(() => pairs.every(({ text }) => text() === 'one two three'));
    expect(send([pairs[0]!.fd], [Buffer.from('!')])).toEqual([1]);
    await waitFor(() => pairs[0]!.text() === 'one two three!');
  });

  it('reports how much of a write the kernel took, and does not wait for a connection that is full', async () => {
    const [full, free] = [await pair(), await pair()];
    full.reader.pause();
    const large = Buffer.alloc(KERNEL_BUFFERS, 'x');
    const [taken] = send([full.fd], [Buffer.from('<'), large]);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(KERNEL_BUFFERS);
    expect(send([full.fd, free.fd], [Buffer.from('more')])).toEqual([0, 4]);
    full.reader.resume();
    await waitFor(() => full.size() === taken);
  });

  it('takes nothing for a connection that has failed, a file that is no socket, and a closed descriptor', async () => {
    const [reset, healthy] = [await pair(), await pair()];
    reset.socket.pause(); // so that Node does not notice
    reset.reader.resetAndDestroy();
    await waitFor(() => send([reset.fd], [Buffer.from('?')])[0] === 0);
    const file = openSync('/dev/null', 'w');
    expect(send([reset.fd, file, 99_999, -1, healthy.fd], [Buffer.from('ok')])).toEqual([0, 0, 0, 0, 2]);
    closeSync(file);
    await waitFor(() => healthy.text() === 'ok');
  });

  it('sends each connection its own run', async () => {
    const pairs = [await pair(), await pair(), await pair()];
    const buffers = ['a', 'bb', 'ccc'].map((text) => Buffer.from(text));
    const runs = Int32Array.of(2, 0, 1);
    const writes = Int32Array.from(pairs.flatMap(({ fd }, n) => [fd, [0, 1, 0][n]!, [3, 2, 1][n]!]));
    const taken = new Int32Array(3);
    writer.send(buffers, runs, writes, 3, taken);
    expect([...taken]).toEqual([6, 1, 3]);
    await waitFor(() => pairs.map(({ text }) => text()).join() === 'cccabb,a,ccc');
  });

  it('sends to as many connections as it is told', async () => {
    const [one, two] = [await pair(), await pair()];
    const taken = new Int32Array(2);
    writer.send([Buffer.from('x')], new Int32Array(1), Int32Array.of(one.fd, 0, 1, two.fd, 0, 1), 1, taken);
    expect([...taken]).toEqual([1, 0]);
    await waitFor(() => one.text() === 'x');
    expect(two.text()).toBe('');
  });

  const SIGNATURE = 'expected (Buffer[], Int32Array, Int32Array, number, Int32Array)';
  const x = [Buffer.from('x')];
  const [runs, writes, taken] = [new Int32Array(1), Int32Array.of(-1, 0, 1), new Int32Array(1)];

  it.each<[string, unknown[], string]>([
    ['no arguments', [], SIGNATURE],
    ['buffers in no array', [x[0], runs, writes, 1, taken], SIGNATURE],
    ['runs in another array', [x, [0], writes, 1, taken], SIGNATURE],
    ['writes in another array', [x, runs, [-1, 0, 1], 1, taken], SIGNATURE],
    ['results of another type', [x, runs, writes, 1, new Float64Array(1)], SIGNATURE],
    ['a count beyond the writes', [x, runs, writes, 2, new Int32Array(2)], 'count is too large'],
    ['a count beyond the results', [x, runs, new Int32Array(6), 2, taken], 'count is too large'],
    [
      'too many buffers',
      [Array<Buffer>(1_025).fill(x[0]!), runs, writes, 1, taken],
      'expected at most 1024 buffers',
    ],
    ['text instead of a buffer', [['x'], runs, writes, 1, taken], 'expected Buffers'],
    ['an empty run', [x, runs, Int32Array.of(-1, 0, 0), 1, taken], 'a run is outside of runs'],
    ['a run that begins before 0', [x, runs, Int32Array.of(-1, -1, 1), 1, taken], 'a run is outside of runs'],
    ['a run that ends too late', [x, runs, Int32Array.of(-1, 0, 2), 1, taken], 'a run is outside of runs'],
    [
      'a long run',
      [x, new Int32Array(65), Int32Array.of(-1, 0, 65), 1, taken],
      'expected at most 64 buffers in a run',
    ],
    ['a place that has no buffer', [x, Int32Array.of(1), writes, 1, taken], 'a place is outside of buffers'],
    ['a place before 0', [x, Int32Array.of(-1), writes, 1, taken], 'a place is outside of buffers'],
  ])('throws a TypeError for %s', (_, args, message) => {
    expect(() => (writer.send as (...args: unknown[]) => void)(...args)).toThrow(
      expect.objectContaining({ name: 'TypeError', message }) as Error,
    );
  });
});

describe('loadNativeBatchWriter', () => {
  it('says that the addon was not built', () => {
    expect(loadNativeBatchWriter(['/does/not/exist.node'])).toEqual({ problem: 'the addon was not built' });
  });

  it('says why the addon cannot be loaded', async () => {
    const path = join(await temporaryFolder(), 'batch-send.node');
    writeFileSync(path, 'an addon for another system');
    expect(loadNativeBatchWriter([path]).problem).toMatch(/^the addon cannot be loaded: .*batch-send\.node/);
  });

  it('does not use an addon of another version', async () => {
    const path = join(await temporaryFolder(), 'batch-send.cjs');
    writeFileSync(path, 'exports.send = () => undefined;');
    expect(loadNativeBatchWriter([path])).toEqual({ problem: 'the addon is of another version' });
  });
});
