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

function send(descriptors: readonly number[], buffers: readonly Buffer[]): number[] {
  const taken = new Int32Array(descriptors.length).fill(-1);
  writer!.send(Int32Array.from(descriptors), descriptors.length, buffers, taken);
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

  it('sends to as many of the descriptors as it is told', async () => {
    const [one, two] = [await pair(), await pair()];
    const taken = new Int32Array(2);
    writer.send(Int32Array.of(one.fd, two.fd), 1, [Buffer.from('x')], taken);
    expect([...taken]).toEqual([1, 0]);
    await waitFor(() => one.text() === 'x');
    expect(two.text()).toBe('');
  });

  it.each<[string, unknown[], string]>([
    ['no arguments', [], 'expected (Int32Array, number, Buffer[], Int32Array)'],
    [
      'descriptors in another array',
      [[1], 1, [Buffer.from('x')], new Int32Array(1)],
      'expected (Int32Array, number, Buffer[], Int32Array)',
    ],
    [
      'results of another type',
      [new Int32Array(1), 1, [Buffer.from('x')], new Float64Array(1)],
      'expected (Int32Array, number, Buffer[], Int32Array)',
    ],
    [
      'a count beyond the arrays',
      [new Int32Array(1), 2, [Buffer.from('x')], new Int32Array(1)],
      'count is too large',
    ],
    ['no buffers', [new Int32Array(1), 1, [], new Int32Array(1)], 'expected 1 to 64 buffers'],
    [
      'too many buffers',
      [new Int32Array(1), 1, Array<Buffer>(65).fill(Buffer.from('x')), new Int32Array(1)],
      'expected 1 to 64 buffers',
    ],
    ['text instead of a buffer', [new Int32Array(1), 1, ['x'], new Int32Array(1)], 'expected Buffers'],
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
