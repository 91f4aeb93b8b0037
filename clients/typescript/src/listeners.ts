/**
 * Listeners of named events, typed by a table of payloads. A listener that throws does not affect
 * the others.
 */
export class Listeners<Events extends object> {
  private readonly byEvent = new Map<keyof Events, Set<(payload: never) => void>>();

  /** @param failed called with the error that a listener threw */
  constructor(private readonly failed: (error: unknown) => void) {}

  /**
   * Returns a function that removes the listener. A function that is added twice is called twice.
   */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void {
    const entry = (payload: Events[E]): void => listener(payload);
    let listeners = this.byEvent.get(event);
    if (!listeners) this.byEvent.set(event, (listeners = new Set()));
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    // A copy, because a listener that is added during the call must not be called yet.
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
