/** Counts what has been written since the last look at it. */
export class Written {
  /** Number of writes of runs. */
  writes = 0;
  /** Number of frames in those writes. */
  frames = 0;
  bytes = 0;
  /** Bytes saved by compression. */
  savedBytes = 0;

  /** Counts one write of a run. */
  add(frames: number, bytes: number, savedBytes: number): void {
    this.writes++;
    this.frames += frames;
    this.addBytes(bytes, savedBytes);
  }

  addBytes(bytes: number, savedBytes: number): void {
    this.bytes += bytes;
    this.savedBytes += savedBytes;
  }

  /** What has been counted since the last call. */
  take(): {
    readonly writes: number;
    readonly frames: number;
    readonly bytes: number;
    readonly savedBytes: number;
  } {
    const { writes, frames, bytes, savedBytes } = this;
    this.writes = this.frames = this.bytes = this.savedBytes = 0;
    return { writes, frames, bytes, savedBytes };
  }
}
