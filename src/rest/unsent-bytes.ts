interface UnsentBytesOptions {
  /** The most bytes that may wait for one caller. One response of each caller may always wait. */
  readonly maxPerCaller: number;
  /** The most bytes that may wait in total. */
  readonly maxTotal: number;
}

/**
 * Counts the bytes of responses that clients have not taken yet. A client that asks and does not
 * read must not be able to fill the memory.
 */
export class UnsentBytes {
  private readonly callers = new Map<string, number>();
  private sum = 0;

  constructor(private readonly options: UnsentBytesOptions) {}

  get total(): number {
    return this.sum;
  }

  /** Why a response may not be sent now; undefined if it may. */
  refusal(caller: string, bytes: number): 'caller' | 'total' | undefined {
    const waiting = this.callers.get(caller) ?? 0;
    if (waiting > 0 && waiting + bytes > this.options.maxPerCaller) return 'caller';
    return this.sum > 0 && this.sum + bytes > this.options.maxTotal ? 'total' : undefined;
  }

  add(caller: string, bytes: number): void {
    this.sum += bytes;
    const waiting = (this.callers.get(caller) ?? 0) + bytes;
    if (waiting > 0) this.callers.set(caller, waiting);
    else this.callers.delete(caller);
  }

  /** Call this once for each `add`, when the response has been taken or its connection has closed. */
  remove(caller: string, bytes: number): void {
    this.add(caller, -bytes);
  }
}
