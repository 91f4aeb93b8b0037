import type { BatchWriter } from './batch-writer.js';
import type { FanoutClient } from './fanout-client.js';
import type { Run } from './group.js';

/** The most clients that one call writes to. It bounds how long the call blocks the event loop. */
const MAX_CLIENTS = 64;

/**
 * Collects the clients that are to receive the same run, and writes to all of them with one call.
 *
 * The run of a collected client counts as written, and its descriptor was read when it was
 * collected. So the engine sends the batch before it does anything else than collect: nothing else
 * can then be written to one of the clients, and none of the descriptors can be closed and given to
 * another connection.
 */
export class Batch {
  private run: Run | undefined;
  private readonly clients: FanoutClient[] = [];
  private readonly descriptors = new Int32Array(MAX_CLIENTS);
  private readonly taken = new Int32Array(MAX_CLIENTS);

  /**
   * @param writeRest writes to one client what the call did not take: everything from byte `taken`
   *   of the run on
   */
  constructor(
    private readonly writer: BatchWriter,
    private readonly writeRest: (client: FanoutClient, run: Run, taken: number) => void,
  ) {}

  /**
   * @param descriptor the one of the client's link, from 0 on
   * @returns false if the batch cannot take the run, because it has too many buffers
   */
  add(client: FanoutClient, descriptor: number, run: Run): boolean {
    if (run.buffers.length > this.writer.maxBuffers) return false;
    if (run !== this.run || this.clients.length === MAX_CLIENTS) this.send();
    this.run = run;
    this.descriptors[this.clients.push(client) - 1] = descriptor;
    return true;
  }

  send(): void {
    const { run, clients, descriptors, taken } = this;
    if (!run) return;
    this.writer.send(descriptors, clients.length, run.buffers, taken);
    this.run = undefined;
    const written = clients.splice(0);
    for (let i = 0; i < written.length; i++) {
      if (taken[i]! < run.bytes) this.writeRest(written[i]!, run, taken[i]!);
    }
  }
}
