import type { Frame } from './frame.js';

/** Frames from this size on are written on their own: joining would copy them once for each group. */
const JOIN_BELOW_BYTES = 16_384;

/** Some frames, joined into few buffers. */
export interface Run {
  readonly frames: readonly Frame[];
  readonly buffers: readonly Buffer[];
  readonly bytes: number;
  /** What deflating saved, bytes. */
  readonly saved: number;
}

/**
 * The clients that are in the same rooms, and so get the same frames: they share one log of what is to be written and, in
 * a flush, one joined buffer. Each client has a cursor in the log, so that any of them can be brought up to date alone.
 */
export class Group<Client> {
  readonly clients = new Set<Client>();
  /** The last broadcast that was put into the log: one that goes to several of the group's rooms is put there once. */
  lastBroadcast = 0;
  private frames: Frame[] = [];
  /** Position of the log's first frame, counted from the group's first broadcast. */
  private first = 0;
  private queued = 0;
  private plainRun: (Run & Range) | undefined;
  private deflatedRun: (Run & Range) | undefined;

  constructor(
    readonly key: string,
    readonly rooms: readonly string[],
  ) {}

  /** Position behind the log's last frame. */
  get end(): number {
    return this.first + this.frames.length;
  }

  /** What waits in the log, bytes of plain frames. */
  get bytes(): number {
    return this.queued;
  }

  append(frame: Frame): void {
    this.frames.push(frame);
    this.queued += frame.plain.length;
  }

  /** The frames of the log from one position to another. */
  slice(from: number, to: number): readonly Frame[] {
    return this.frames.slice(from - this.first, to - this.first);
  }

  /** Those frames joined. In a flush nearly all clients ask for the same ones, so the last answer is kept. */
  run(from: number, to: number, deflates: boolean): Run {
    const kept = deflates ? this.deflatedRun : this.plainRun;
    if (kept?.from === from && kept.to === to) return kept;
    const run = { from, to, ...runOf(this.slice(from, to), deflates) };
    if (deflates) this.deflatedRun = run;
    else this.plainRun = run;
    return run;
  }

  /** Forgets the frames before a position: every client has them. */
  trim(to: number): void {
    if (to <= this.first) return; // an overfull log was written during a pause of the flush
    for (const frame of this.frames.splice(0, to - this.first)) this.queued -= frame.plain.length;
    this.first = to;
    this.plainRun = undefined;
    this.deflatedRun = undefined;
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Joins the small ones of the frames, for a client that takes deflated ones or does not. */
export function runOf(frames: readonly Frame[], deflates: boolean): Run {
  const buffers: Buffer[] = [];
  let small: Buffer[] = [];
  let bytes = 0;
  let saved = 0;
  const joinSmall = (): void => {
    if (small.length > 0) buffers.push(small.length === 1 ? small[0]! : Buffer.concat(small));
    small = [];
  };
  for (const frame of frames) {
    const buffer = frame.bytes(deflates);
    bytes += buffer.length;
    saved += frame.plain.length - buffer.length;
    if (buffer.length < JOIN_BELOW_BYTES) {
      small.push(buffer);
    } else {
      joinSmall();
      buffers.push(buffer);
    }
  }
  joinSmall();
  return { frames, buffers, bytes, saved };
}
