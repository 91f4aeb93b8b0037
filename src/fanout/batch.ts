import type { BatchWriter } from './batch-writer.js';
import type { WireEncoding } from './encoding.js';
import type { FanoutClient } from './fanout-client.js';
import type { Frame } from './frame.js';
import type { Group, Run } from './group.js';
import type { Written } from './written.js';

/** The most clients that one call writes to. It bounds how long the call blocks the event loop. */
const MAX_CLIENTS = 64;
/** The most places in the runs of one call. */
const MAX_PLACES = 4_096;
/** The numbers that the writer needs for each client: a descriptor, and both ends of a run. */
const PER_CLIENT = 3;

/** A number for each call of all batches. */
let calls = 0;

/**
 * Collects clients of one encoding and the bytes that each of them is to receive, and writes to all
 * of them with one call.
 *
 * What a collected client is to receive counts as written, and its descriptor was read when it was
 * collected. So the engine sends the batch before it does anything else with any client, except
 * holding frames back from one that lags: nothing else can then be written to one of the clients,
 * and none of the descriptors can be closed and given to another connection.
 */
export class Batch {
  private call = ++calls;
  private readonly buffers: Buffer[] = [];
  private readonly runs = new Int32Array(MAX_PLACES);
  private places = 0;
  private readonly clients: FanoutClient[] = [];
  private readonly writes = new Int32Array(MAX_CLIENTS * PER_CLIENT);
  /** How many bytes each client is to receive. */
  private readonly bytes = new Int32Array(MAX_CLIENTS);
  private readonly taken = new Int32Array(MAX_CLIENTS);
  /** The run of the last client, if it is shared, and where it begins. */
  private shared: Run | undefined;
  private sharedBegin = 0;

  /**
   * @param written counts what is collected
   * @param writeRest writes to one client what the call did not take: everything from byte `taken`
   *   of the buffers on
   */
  constructor(
    private readonly encoding: WireEncoding,
    private readonly writer: BatchWriter,
    private readonly written: Written,
    private readonly writeRest: (client: FanoutClient, buffers: readonly Buffer[], taken: number) => void,
  ) {}

  /**
   * Collects a client that is to receive the same joined buffers as others.
   * @param descriptor the one of the client's link, from 0 on
   * @returns false if the batch cannot take the run, because it has too many buffers
   */
  addRun(client: FanoutClient, descriptor: number, run: Run): boolean {
    const { buffers, bytes, saved, frames } = run;
    if (buffers.length > this.writer.maxRun) return false;
    this.makeRoom(buffers.length);
    if (run !== this.shared) {
      this.shared = run;
      this.sharedBegin = this.places;
      for (const buffer of buffers) this.runs[this.places++] = this.buffers.push(buffer) - 1;
    }
    this.add(client, descriptor, this.sharedBegin, bytes);
    this.written.add(frames.length, bytes, saved);
    return true;
  }

  /**
   * Collects a client that is to receive frames of its group's log as they are. Joining them would
   * cost more than it saves, because few clients or none share the result.
   * @returns false if the batch cannot take them, because there are too many
   */
  addFrames(
    client: FanoutClient,
    descriptor: number,
    group: Group<unknown>,
    from: number,
    to: number,
  ): boolean {
    if (to - from > this.writer.maxRun) return false;
    this.makeRoom(to - from);
    const begin = this.places;
    let bytes = 0;
    let saved = 0;
    for (let position = from; position < to; position++) {
      const frame = group.frameAt(position);
      const buffer = frame.in(this.encoding);
      this.runs[this.places++] = this.placeOf(frame, buffer);
      bytes += buffer.length;
      if (this.encoding.uncompressed !== this.encoding) saved += frame.savedBy(this.encoding);
    }
    this.shared = undefined;
    this.add(client, descriptor, begin, bytes);
    this.written.add(to - from, bytes, saved);
    return true;
  }

  send(): void {
    const { clients, taken } = this;
    const count = clients.length;
    if (count === 0) return;
    this.writer.send(this.buffers, this.runs, this.writes, count, taken);
    let isComplete = true;
    for (let i = 0; i < count; i++) if (taken[i] !== this.bytes[i]) isComplete = false;
    const rests = isComplete ? [] : this.rests();
    clients.length = 0;
    this.buffers.length = 0;
    this.places = 0;
    this.shared = undefined;
    this.call = ++calls;
    for (const rest of rests) this.writeRest(rest.client, rest.buffers, rest.taken);
  }

  /** Sends the batch if it cannot take one more client with a run of this length. */
  private makeRoom(length: number): void {
    const isFull =
      this.clients.length === MAX_CLIENTS ||
      this.places + length > MAX_PLACES ||
      this.buffers.length + length > this.writer.maxBuffers;
    if (isFull) this.send();
  }

  private add(client: FanoutClient, descriptor: number, begin: number, bytes: number): void {
    const index = this.clients.push(client) - 1;
    this.bytes[index] = bytes;
    const at = index * PER_CLIENT;
    this.writes[at] = descriptor;
    this.writes[at + 1] = begin;
    this.writes[at + 2] = this.places;
  }

  /** The place of a frame's bytes among the buffers of this call. */
  private placeOf(frame: Frame, buffer: Buffer): number {
    if (frame.call !== this.call) {
      frame.call = this.call;
      frame.place = this.buffers.push(buffer) - 1;
    }
    return frame.place;
  }

  private rests(): { client: FanoutClient; buffers: Buffer[]; taken: number }[] {
    return this.clients.flatMap((client, index) => {
      const taken = this.taken[index]!;
      if (taken === this.bytes[index]) return [];
      const at = index * PER_CLIENT;
      const run = this.runs.subarray(this.writes[at + 1], this.writes[at + 2]);
      return [{ client, buffers: Array.from(run, (place) => this.buffers[place]!), taken }];
    });
  }
}
