import type { BatchWriter } from './batch-writer.js';
import type { FanoutClient } from './fanout-client.js';
import type { Run } from './group.js';

/** The most clients that one call writes to. It bounds how long the call blocks the event loop. */
const MAX_CLIENTS = 64;

/**
 * Collects the clients that are to receive the same run, and writes to all of them with one call.
 * The run of a collected client counts as written: the engine sends the batch before it does
 * anything that could write to one of its clients in another way, or close one.
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

  /** Adds a client whose link has a descriptor. Returns whether the batch took it. */
  add(client: FanoutClient, run: Run): boolean {
    if (run.buffers.length > this.writer.maxBuffers) return false;
    if (run !== this.run || this.clients.length === MAX_CLIENTS) this.send();
    this.run = run;
    this.clients.push(client);
    return true;
  }

  send(): void {
    const { run, clients, descriptors, taken } = this;
    if (!run) return;
    // Read the descriptors only here: no other code runs between this loop and the call, so none of
    // them can be closed, and given to another connection, before the call writes to it.
    for (let i = 0; i < clients.length; i++) descriptors[i] = clients[i]!.link.descriptor;
    this.writer.send(descriptors, clients.length, run.buffers, taken);
    this.run = undefined;
    const written = clients.splice(0);
    for (let i = 0; i < written.length; i++) {
      if (taken[i]! < run.bytes) this.writeRest(written[i]!, run, taken[i]!);
    }
  }
}
