/** The open resources that must be closed at the end, even after an error or Ctrl-C. */
export class Closing {
  private readonly open = new Set<() => Promise<void>>();

  /** Calls `close` at the end. Returns a function that calls it earlier instead. */
  add(close: () => Promise<void>): () => Promise<void> {
    this.open.add(close);
    return async () => {
      if (this.open.delete(close)) await close();
    };
  }

  /** Closes everything, newest first. A failure does not keep the others open. */
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
