/** Port: writes to many connections with one call. */
export interface BatchWriter {
  /** The largest number of different buffers that one call accepts. */
  readonly maxBuffers: number;
  /** The largest number of buffers that one call accepts for one connection. */
  readonly maxRun: number;
  /**
   * Sends to each connection its run of buffers, in order and without waiting.
   * @param buffers the buffers of all runs, each of them once
   * @param runs places in `buffers`: the runs one after another. Connections may share a run
   * @param writes three numbers for each connection: its file descriptor, where its run begins in
   *   `runs`, and where it ends
   * @param count the number of connections
   * @param taken is set to the number of bytes that the operating system took for each connection.
   *   It is 0 if the connection has failed, which the connection itself reports at the next write
   */
  send(
    buffers: readonly Buffer[],
    runs: Int32Array,
    writes: Int32Array,
    count: number,
    taken: Int32Array,
  ): void;
}
