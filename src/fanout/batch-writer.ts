/** Port: writes the same bytes to many connections with one call. */
export interface BatchWriter {
  /** The largest number of buffers that one call accepts. */
  readonly maxBuffers: number;
  /**
   * Sends the buffers, in order, to each of the first `count` file descriptors, without waiting.
   * Sets `taken[i]` to the number of bytes that the operating system took for `descriptors[i]`. It
   * is 0 if the connection has failed, which the connection itself reports at the next write.
   */
  send(descriptors: Int32Array, count: number, buffers: readonly Buffer[], taken: Int32Array): void;
}
