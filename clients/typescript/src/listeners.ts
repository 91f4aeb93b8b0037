/** Listeners of named events, typed by a table of payloads. One that throws does not keep the others from theirs. */
export class Listeners<Events extends object> {
  private readonly byEvent = new Map<keyof Events, Set<(payload: never) => void>>();

  /** @param failed told what a listener threw */
  constructor(private readonly failed: (error: unknown) => void) {}

  /** Answers its own removal. The same function may be added twice, and then is called twice. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void {
    const entry = (payload: Events[E]): void => listener(payload);
    let listeners = this.byEvent.get(event);
    if (!listeners) this.byEvent.set(event, (listeners = new Set()));
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    // A copy: whoever is added while this is told is not told this.
    for (const listener of [...(this.byEvent.get(event) ?? [])] as ((payload: Events[E]) => void)[]) {
      try {
        listener(payload);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  clear(): void {
    this.byEvent.clear();
  }
}
