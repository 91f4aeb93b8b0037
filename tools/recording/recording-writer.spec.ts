import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { FakeTimer } from '../simulator/fake-timer.js';
import { formatLine, MAX_LINE_BYTES, type RecordedMessage, RecordingError } from './recording.js';
import { RecordingWriter } from './recording-writer.js';

const message = (t: number, data = 'x'): RecordedMessage => ({ t, channel: 'enriched:underlying', data });
const BIG = 'y'.repeat(1024 * 1024);

let folder: string;
beforeAll(async () => void (folder = await temporaryFolder()));

/** Runs until the writer has slept `sleeps` times, and calls `onSleep` before each. */
async function run(writer: RecordingWriter, timer: FakeTimer, onSleep: (sleep: number) => void, sleeps = 99) {
  const stop = new AbortController();
  const sleep = timer.sleep.bind(timer);
  let count = 0;
  timer.sleep = async (ms, signal) => {
    onSleep(++count);
    if (count === sleeps) stop.abort();
    await sleep(ms, signal);
  };
  return writer.run(stop.signal);
}

describe('RecordingWriter', () => {
  it.each(['day.jsonl', 'day.jsonl.gz'])('writes every message to %s', async (name) => {
    const path = join(folder, name);
    const timer = new FakeTimer();
    const writer = await RecordingWriter.create(path, { maxBytes: 1e9, timer });
    expect(await run(writer, timer, (n) => writer.add(message(n)))).toBe('stopped');
    writer.add(message(100));
    await writer.close();
    const bytes = await readFile(path);
    const text = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    const all = Array.from({ length: 100 }, (_, i) => formatLine(message(i + 1)));
    expect(text.toString()).toBe(all.join(''));
    expect(writer).toMatchObject({ messages: 100, dropped: 0, fileBytes: bytes.length });
  });

  it('ends when the file has reached its size', async () => {
    const path = join(folder, 'full.jsonl');
    const timer = new FakeTimer();
    const writer = await RecordingWriter.create(path, { maxBytes: 2.5e6, timer });
    expect(await run(writer, timer, (n) => writer.add(message(n, BIG)))).toBe('full');
    await writer.close();
    expect(writer.messages).toBe(3);
  });

  it('leaves out and counts what a slow disk cannot take, and what nothing could read', async () => {
    const writer = await RecordingWriter.create(join(folder, 'slow.jsonl'), { maxBytes: 1e9 });
    writer.add(message(0, 'z'.repeat(MAX_LINE_BYTES)));
    expect(writer.dropped).toBe(1);
    for (let i = 0; i < 70; i++) writer.add(message(i, BIG));
    expect(writer.dropped).toBe(8);
    await writer.close();
    expect(writer.messages).toBe(63);
  });

  it('does not overwrite a file, and names one that it cannot create', async () => {
    const path = join(folder, 'kept.jsonl');
    await writeFile(path, 'kept');
    const create = (name: string) => RecordingWriter.create(name, { maxBytes: 1 });
    await expect(create(path)).rejects.toThrow(`${path} exists already. Delete it, or choose another name.`);
    expect(await readFile(path, 'utf8')).toBe('kept');
    await expect(create(join(path, 'x'))).rejects.toThrow(/x cannot be created: ENOTDIR/);
    await expect(create(folder)).rejects.toThrow(RecordingError);
  });

  it('reports a full disk', async () => {
    const timer = new FakeTimer();
    const writer = await RecordingWriter.create('/dev/full', { maxBytes: 1e9, timer });
    await expect(run(writer, timer, (n) => writer.add(message(n)))).rejects.toThrow(
      '/dev/full cannot be written: the disk is full.',
    );
    expect(writer).toMatchObject({ messages: 0, dropped: 1 });
  });
});
