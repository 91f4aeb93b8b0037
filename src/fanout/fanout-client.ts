import type { Conflation } from './conflation.js';
import type { Group } from './group.js';
import type { Link, LinkListener } from './link.js';

export type ClientGroup = Group<FanoutClient>;

/** A client of the fan-out engine. Only the engine changes its state. */
export class FanoutClient implements LinkListener {
  readonly link: Link;
  /** The group of its rooms. Undefined from a change of its rooms until the next broadcast. */
  group: ClientGroup | undefined;
  /** Position in the group's log of the first frame that the client has not been sent yet. */
  cursor = 0;
  /** The frames held back while the client lags; undefined while it keeps up. */
  conflation: Conflation | undefined;
  /**
   * Counts what was sent to this client only. Together with the group and the cursor, it tells
   * whether anything was sent to the client since an earlier moment.
   */
  replies = 0;
  /** True while the engine itself sends through the transport's own path. */
  sending = false;
  /** True once the client is closed or removed: it is sent nothing more. */
  gone = false;

  /**
   * @param id the client's id, which is also the name of its private room
   * @param rooms all rooms of the client, including the private one. The adapter changes this set,
   *   and calls the engine's `beforeChange` or `beforeLeave` before it does.
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
    if (this.sending) return;
    this.replies++;
    this.owner.settle(this);
  }

  onDrain(): void {
    // While the engine itself is sending, its remaining frames come first.
    if (!this.sending) this.owner.drained(this);
  }
}

/** The part of the engine that its clients call. */
export interface ClientOwner {
  /** Writes the frames that have been broadcast to the client so far. */
  settle(client: FanoutClient): void;
  /** Called when the operating system has taken data that waited for the client. */
  drained(client: FanoutClient): void;
}
