import type { BatchWriter } from '../../src/fanout/batch-writer.js';
import type { FakeLink } from './fake-link.js';

/**
 * The file descriptors of fake links, and a batch writer for them. Like a kernel, it gives the
 * descriptor of a closed connection to the next one.
 */
export class FakeKernel implements BatchWriter {
  readonly maxBuffers = 5;
  readonly maxRun = 3;
  /** How many calls wrote to more than one connection. */
  batches = 0;
  /** How many writes took only a part of the bytes. */
  shortWrites = 0;
  private readonly links: FakeLink[] = [];
  private sends = 0;

  /** @param shortEvery one of so many writes takes only a part of the bytes */
  constructor(private readonly shortEvery = Infinity) {}

  open(link: FakeLink): number {
    const free = this.links.findIndex(({ closed, gone }) => closed || gone);
    const descriptor = free < 0 ? this.links.length : free;
    this.links[descriptor] = link;
    return descriptor;
  }

  send(
    buffers: readonly Buffer[],
    runs: Int32Array,
    writes: Int32Array,
    count: number,
    taken: Int32Array,
  ): void {
    if (count < 1 || count > writes.length / 3 || count > taken.length) throw new Error('a bad count');
    if (buffers.length > this.maxBuffers) throw new Error('too many buffers');
    if (count > 1) this.batches++;
    for (let i = 0; i < count; i++) {
      const [descriptor, begin, end] = writes.subarray(3 * i);
      if (end! - begin! > this.maxRun) throw new Error('too many buffers for one connection');
      const link = this.links[descriptor!];
      if (!link || link.closed || link.gone) throw new Error('written to a descriptor that is closed');
      const run = Array.from(runs.subarray(begin, end), (place) => buffers[place]!);
      const bytes = run.reduce((sum, { length }) => sum + length, 0);
      const short = ++this.sends % this.shortEvery === 0;
      if (short) this.shortWrites++;
      taken[i] = link.accept(run, short ? bytes >> 1 : bytes);
    }
  }
}
