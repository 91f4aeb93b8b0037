import { Writable } from 'node:stream';
import { FakeClock } from '../../test/support/fake-clock.js';
import { LogOutput } from './log-output.js';

const LINE = `${'x'.repeat(999)}\n`;

/** A reader that takes nothing until it is told to. */
class SlowReader extends Writable {
  private readonly waiting: ((error?: Error) => void)[] = [];
  taken = 0;

  override _write(chunk: Buffer, _: unknown, done: (error?: Error) => void): void {
    this.taken += chunk.length;
    this.waiting.push(done);
  }

  /** Takes all that waits, however much that is. */
  async read(): Promise<void> {
    for (let done = this.waiting.shift(); done; done = this.waiting.shift()) {
      done();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('LogOutput', () => {
  it('keeps a bounded number of lines for a reader that does not read, and counts those that it drops', async () => {
    const reader = new SlowReader();
    const output = new LogOutput(reader);
    for (let line = 0; line < 5_000; line++) output.write(LINE);
    expect(reader.writableLength).toBeLessThanOrEqual(1_048_576);
    output.release();
    expect(output.dropped).toBe(5_000 - 1_048);
    await reader.read();
    expect(reader.taken).toBe(1_048_000);
    output.write(LINE);
    expect(output.dropped).toBe(5_000 - 1_048);
  });

  it('counts lines that cannot be written, and writes again when it can', async () => {
    let full = true;
    const written: string[] = [];
    const disk = new Writable({
      autoDestroy: false,
      write: (chunk: Buffer, _, done) => {
        if (!full) written.push(chunk.toString());
        done(full ? new Error('ENOSPC') : undefined);
      },
    });
    const output = new LogOutput(disk);
    output.write('lost\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(output.dropped).toBe(1);
    full = false;
    // As Node's own streams of standard output do after an error.
    (disk as unknown as { _undestroy(): void })._undestroy();
    output.write('kept\n');
    output.release();
    expect([written, output.dropped]).toEqual([['kept\n'], 1]);
  });

  it('writes the lines of one turn of the event loop together', async () => {
    const writes: string[] = [];
    const pipe = new Writable({
      decodeStrings: false,
      writev: (chunks, done) => {
        writes.push(chunks.map(({ chunk }) => String(chunk)).join(''));
        done();
      },
    });
    const output = new LogOutput(pipe);
    output.write('one\n');
    await Promise.resolve();
    output.write('two\n');
    expect(writes).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    output.write('three\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(writes).toEqual(['one\ntwo\n', 'three\n']);
  });

  it('writes what it has collected when it is flushed', async () => {
    const written: string[] = [];
    const pipe = new Writable({
      decodeStrings: false,
      write: (chunk: string, _, done) => {
        written.push(chunk);
        done();
      },
    });
    const output = new LogOutput(pipe);
    output.write('last\n');
    await new Promise<void>((resolve) => output.flush(resolve));
    expect(written).toEqual(['last\n']);
  });

  it('is flushed at once if nothing waits', () => {
    const done = jest.fn();
    new LogOutput(new SlowReader()).flush(done);
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('is flushed once the reader has read', async () => {
    const reader = new SlowReader();
    const output = new LogOutput(reader);
    const done = jest.fn();
    output.write(LINE);
    output.flush(done, 3_600_000);
    expect(done).not.toHaveBeenCalled();
    await reader.read();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('waits no longer than the time limit for a reader that does not read', () => {
    const clock = new FakeClock();
    const output = new LogOutput(new SlowReader(), clock);
    const done = jest.fn();
    output.write(LINE);
    output.flush(done, 1_000);
    clock.advance(999);
    expect(done).not.toHaveBeenCalled();
    clock.advance(1);
    expect(done).toHaveBeenCalledTimes(1);
  });
});
