import type { WireEncoding } from './encoding.js';
import type { Frame } from './frame.js';

/** Frames of at least this size are not joined: joining would copy them once for each group. */
const JOIN_BELOW_BYTES = 16_384;

/** A log that held more frames than this gives its memory back when it is empty. */
const KEPT_CAPACITY = 64;

/** A sequence of frames, joined into few buffers. */
export interface Run {
  readonly encoding: WireEncoding;
  readonly frames: readonly Frame[];
  readonly buffers: readonly Buffer[];
  readonly bytes: number;
  /** Bytes saved by compression. */
  readonly saved: number;
}

/**
 * The clients that are in the same rooms, and therefore receive the same frames. They share one log
 * of frames to write and, in a flush, one joined buffer. Each client has its own cursor in the log,
 * so that frames can be written to one client independently of the others.
 */
export class Group<Client> {
  readonly clients = new Set<Client>();
  /**
   * Number of the last broadcast that was appended to the log, or that excepted the group. A
   * broadcast to several of the group's rooms is appended only once.
   */
  lastBroadcast = 0;
  /** Whether the log has frames that wait for a flush. {@link GroupQueue} sets it. */
  isWaiting = false;
  /** The frames of the log. Only the first `count` are valid: the array keeps its memory. */
  private frames: (Frame | undefined)[] = [];
  private count = 0;
  /** Position of the log's first frame. Position 0 is the group's first broadcast. */
  private first = 0;
  private queued = 0;
  /** The last run of each encoding. */
  private runs: (Run & Range)[] = [];

  constructor(
    readonly key: string,
    readonly rooms: readonly string[],
  ) {}

  /** Position after the log's last frame. */
  get end(): number {
    return this.first + this.count;
  }

  /** About the size of the log, in bytes of uncompressed frames. */
  get bytes(): number {
    return this.queued;
  }

  append(frame: Frame): void {
    this.frames[this.count++] = frame;
    this.queued += frame.size;
  }

  /** The frame at a position of the log. */
  frameAt(position: number): Frame {
    return this.frames[position - this.first]!;
  }

  /** The frames of the log from position `from` up to, but not including, position `to`. */
  slice(from: number, to: number): readonly Frame[] {
    return this.frames.slice(from - this.first, Math.min(to - this.first, this.count)) as Frame[];
  }

  /**
   * The same frames as {@link slice}, joined. The last result is cached, because in a flush nearly
   * all clients need the same frames.
   */
  run(from: number, to: number, encoding: WireEncoding): Run {
    // A loop without a closure, because this runs for every client of a flush.
    const { runs } = this;
    let at = 0;
    while (at < runs.length && runs[at]!.encoding !== encoding) at++;
    const kept = runs[at];
    if (kept?.from === from && kept.to === to) return kept;
    const run = { from, to, ...runOf(this.slice(from, to), encoding) };
    runs[at] = run;
    return run;
  }

  /**
   * Removes the frames before a position. Call it once every client has been written these frames.
   */
  trim(to: number): void {
    if (to <= this.first) return; // a full log was already written during a pause of the flush
    const removed = Math.min(to - this.first, this.count);
    if (removed < this.count) {
      for (const frame of this.frames.splice(0, removed)) this.queued -= frame!.size;
    } else {
      this.queued = 0;
      if (this.count > KEPT_CAPACITY) this.frames = [];
      else this.frames.fill(undefined, 0, this.count);
    }
    this.count -= removed;
    this.first = to;
    if (this.runs.length > 0) this.runs = [];
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Encodes the frames, and joins the small ones. */
export function runOf(frames: readonly Frame[], encoding: WireEncoding): Run {
  const buffers: Buffer[] = [];
  let small: Buffer[] = [];
  let bytes = 0;
  let saved = 0;
  const joinSmall = (): void => {
    if (small.length > 0) buffers.push(small.length === 1 ? small[0]! : Buffer.concat(small));
    small = [];
  };
  for (const frame of frames) {
    const buffer = frame.in(encoding);
    bytes += buffer.length;
    saved += frame.savedBy(encoding);
    if (buffer.length < JOIN_BELOW_BYTES) {
      small.push(buffer);
    } else {
      joinSmall();
      buffers.push(buffer);
    }
  }
  joinSmall();
  return { encoding, frames, buffers, bytes, saved };
}
