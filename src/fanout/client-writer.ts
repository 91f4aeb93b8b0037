import { Batch } from './batch.js';
import type { BatchWriter } from './batch-writer.js';
import type { WireEncoding } from './encoding.js';
import type { ClientGroup, FanoutClient } from './fanout-client.js';
import type { Frame } from './frame.js';
import { type Run, runOf } from './group.js';
import { Written } from './written.js';

/** From how many clients on the frames of a group are joined before they are written. */
const JOIN_FOR_CLIENTS = 5;

/**
 * Writes frames to clients: to many with one call if there is a batch writer, otherwise to each
 * connection, and through the transport's own path if the connection is not ready.
 */
export class ClientWriter {
  /** A batch for each encoding, because its clients share the bytes of a frame. */
  private readonly batches: { readonly of: WireEncoding; readonly batch: Batch }[] = [];
  readonly written = new Written();

  constructor(private readonly batchWriter?: BatchWriter) {}

  /**
   * Collects a client that is to receive the frames of its group between two positions of the log,
   * if it may be written to together with others. The caller calls {@link sendBatches} before it
   * does anything else with any client, except holding frames back from one that lags.
   * @returns false if it needs a write of its own
   */
  collect(client: FanoutClient, group: ClientGroup, from: number, to: number): boolean {
    if (!this.batchWriter) return false;
    const { descriptor, encoding } = client.link;
    if (descriptor < 0) return false;
    const batch = this.batchOf(encoding, this.batchWriter);
    const isJoined = group.clients.size >= JOIN_FOR_CLIENTS;
    if (!isJoined && batch.addFrames(client, descriptor, group, from, to)) return true;
    return batch.addRun(client, descriptor, group.run(from, to, encoding));
  }

  /** Like {@link collect}, for a run that many clients receive. */
  collectRun(client: FanoutClient, run: Run): boolean {
    if (!this.batchWriter) return false;
    const { descriptor } = client.link;
    return descriptor >= 0 && this.batchOf(run.encoding, this.batchWriter).addRun(client, descriptor, run);
  }

  /** Writes the run of a group to one client. */
  writeRun(client: FanoutClient, run: Run): void {
    this.written.add(run.frames.length, run.bytes, run.saved);
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
    this.written.addBytes(run.bytes, run.saved);
    this.write(client, run);
  }

  private batchOf(encoding: WireEncoding, batchWriter: BatchWriter): Batch {
    for (const { of, batch } of this.batches) if (of === encoding) return batch;
    const batch = new Batch(encoding, batchWriter, this.written, (client, buffers, taken) =>
      client.link.write(buffers, taken),
    );
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
}
