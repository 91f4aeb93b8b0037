/**
 * A part of the page. Its factory function builds `element`, which the caller inserts into the
 * document, and starts whatever the part needs: subscriptions, listeners, draws.
 */
export interface Component {
  readonly element: HTMLElement;
  /** Ends subscriptions, listeners and pending draws. The caller removes `element`. */
  destroy(): void;
}

/** Collects what `destroy` has to undo, and undoes it in the reverse order. */
export class Cleanup {
  private readonly tasks: (() => void)[] = [];

  /** @param tasks such as the functions that `client.on` returns */
  add(...tasks: (() => void)[]): void {
    this.tasks.push(...tasks);
  }

  /** Adds a DOM listener that is removed with the rest. */
  listen<T extends EventTarget>(target: T, type: string, listener: (event: Event) => void): void {
    target.addEventListener(type, listener);
    this.tasks.push(() => target.removeEventListener(type, listener));
  }

  run(): void {
    for (const task of this.tasks.splice(0).reverse()) task();
  }
}
