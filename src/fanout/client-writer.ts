import { Batch } from './batch.js';
import type { BatchWriter } from './batch-writer.js';
import type { WireEncoding } from './encoding.js';
import type { FanoutClient } from './fanout-client.js';
import type { Frame } from './frame.js';
import { type Run, runOf } from './group.js';

/** What has been written since the last look at it. */
export interface Written {
  /** Number of writes of runs. */
  writes: number;
  /** Number of frames in those writes. */
  frames: number;
  bytes: number;
  /** Bytes saved by compression. */
  savedBytes: number;
}

/**
 * Writes frames to clients: to many with one call if there is a batch writer, otherwise to each
 * connection, and through the transport's own path if the connection is not ready.
 */
export class ClientWriter {
  /** A batch for each encoding, because its clients receive the same bytes. */
  private readonly batches: { readonly of: WireEncoding; readonly batch: Batch }[] = [];
  private written = nothingWritten();

  constructor(private readonly batchWriter?: BatchWriter) {}

  /**
   * Collects a client that is to receive the run of its group, if it may be written to together with
   * others. The caller calls {@link sendBatches} before it does anything else than collect.
   * @returns false if it needs a write of its own
   */
  collect(client: FanoutClient, run: Run): boolean {
    if (!this.batchWriter) return false;
    const { descriptor } = client.link;
    if (descriptor < 0) return false;
    if (!this.batchOf(run.encoding, this.batchWriter).add(client, descriptor, run)) return false;
    this.countRun(run);
    return true;
  }

  /** Writes the run of a group to one client. */
  writeRun(client: FanoutClient, run: Run): void {
    this.countRun(run);
    this.write(client, run);
  }

  /** Writes to the clients that the batches have collected. */
  sendBatches(): void {
    for (const { batch } of this.batches) batch.send();
  }

  /** Writes frames that are for this client only. */
  writeFrames(client: FanoutClient, frames: readonly Frame[]): void {
    if (frames.length === 0) return;
    const run = runOf(frames, client.link.encoding);
    client.replies++;
    this.count(run);
    this.write(client, run);
  }

  /** What has been written since the last call. */
  take(): Written {
    const { written } = this;
    this.written = nothingWritten();
    return written;
  }

  private batchOf(encoding: WireEncoding, batchWriter: BatchWriter): Batch {
    for (const { of, batch } of this.batches) if (of === encoding) return batch;
    const batch = new Batch(batchWriter, (...rest) => this.writeRest(...rest));
    this.batches.push({ of: encoding, batch });
    return batch;
  }

  private write(client: FanoutClient, { frames, buffers }: Run): void {
    if (client.link.ready) {
      client.link.write(buffers);
      return;
    }
    client.sending = true;
    for (const frame of frames) client.link.send(frame);
    client.sending = false;
  }

  /** Writes what a batch could not: everything from byte `taken` of the run on. */
  private writeRest(client: FanoutClient, run: Run, taken: number): void {
    if (taken > 0) client.link.write(run.buffers, taken);
    else this.write(client, run);
  }

  private countRun(run: Run): void {
    this.count(run);
    this.written.writes++;
    this.written.frames += run.frames.length;
  }

  private count({ bytes, saved }: Run): void {
    this.written.bytes += bytes;
    this.written.savedBytes += saved;
  }
}

function nothingWritten(): Written {
  return { writes: 0, frames: 0, bytes: 0, savedBytes: 0 };
}
