import type { BatchWriter } from '../../src/fanout/batch-writer.js';
import type { FakeLink } from './fake-link.js';

/**
 * The file descriptors of fake links, and a batch writer for them. Like a kernel, it gives the
 * descriptor of a closed connection to the next one.
 */
export class FakeKernel implements BatchWriter {
  readonly maxBuffers = 3;
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

  send(descriptors: Int32Array, count: number, buffers: readonly Buffer[], taken: Int32Array): void {
    if (count < 1 || count > descriptors.length || count > taken.length) throw new Error('a bad count');
    if (buffers.length > this.maxBuffers) throw new Error('too many buffers');
    if (count > 1) this.batches++;
    const bytes = buffers.reduce((sum, { length }) => sum + length, 0);
    for (let i = 0; i < count; i++) {
      const link = this.links[descriptors[i]!];
      if (!link || link.closed || link.gone) throw new Error('written to a descriptor that is closed');
      const short = ++this.sends % this.shortEvery === 0;
      if (short) this.shortWrites++;
      taken[i] = link.accept(buffers, short ? bytes >> 1 : bytes);
    }
  }
}
