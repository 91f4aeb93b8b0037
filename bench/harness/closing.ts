/** What is open and must be closed at the end, also when the end is an error or Ctrl-C. */
export class Closing {
  private readonly open = new Set<() => Promise<void>>();

  /** Has `close` called at the end; answers a function that calls it now instead. */
  add(close: () => Promise<void>): () => Promise<void> {
    this.open.add(close);
    return async () => {
      if (this.open.delete(close)) await close();
    };
  }

  /** Closes all, the newest first. One that fails does not keep the others open. */
  async closeAll(): Promise<void> {
    const all = [...this.open].reverse();
    this.open.clear();
    await Promise.allSettled(all.map((close) => close()));
  }
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal closes everything, then ends the process with the usual code. */
export function closeOnSignals(closing: Closing): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void closing.closeAll().finally(() => process.exit(EXIT_CODES[signal])));
  }
}
