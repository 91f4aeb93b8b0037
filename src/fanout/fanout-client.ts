import type { Conflation } from './conflation.js';
import type { Group } from './group.js';
import type { Link, LinkListener } from './link.js';

export type ClientGroup = Group<FanoutClient>;

/** One client of the fan-out engine. Its state is the engine's to change. */
export class FanoutClient implements LinkListener {
  readonly link: Link;
  /** Where it shares what is to be written; undefined until the next broadcast after its rooms changed. */
  group: ClientGroup | undefined;
  /** How far it has its group's log: the position of the first frame it is still to get. */
  cursor = 0;
  /** Set while it cannot keep up. */
  conflation: Conflation | undefined;
  /** The engine itself is using the transport's own path. */
  sending = false;
  /** Closed or removed: nothing is for it any more. */
  gone = false;

  /**
   * @param id the room that is its own
   * @param rooms what it is in, its own among them; changed by the adapter, which then tells the engine
   */
  constructor(
    readonly id: string,
    readonly rooms: ReadonlySet<string>,
    connect: (listener: LinkListener) => Link,
    private readonly owner: ClientOwner,
  ) {
    this.link = connect(this);
  }

  onSend(): void {
    if (!this.sending) this.owner.settle(this);
  }

  onDrain(): void {
    // While the engine itself is sending, the rest of that comes first.
    if (!this.sending) this.owner.drained(this);
  }
}

/** The engine, as its clients see it. */
export interface ClientOwner {
  /** Brings the client up to date with what was broadcast until now. */
  settle(client: FanoutClient): void;
  /** What waited for the client has been handed on. */
  drained(client: FanoutClient): void;
}
