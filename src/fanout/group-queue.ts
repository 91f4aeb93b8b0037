import type { ClientGroup } from './fanout-client.js';

/**
 * The groups with frames that wait for a flush, in the order of their first such frame. It keeps its
 * memory from one flush to the next: a set that grows and is cleared hundreds of times a second is
 * most of a busy gateway's garbage.
 */
export class GroupQueue {
  private waiting = new Places();
  private due = new Places();
  private waitingGroups = 0;

  /** How many groups wait. */
  get size(): number {
    return this.waitingGroups;
  }

  add(group: ClientGroup): void {
    if (group.isWaiting) return;
    group.isWaiting = true;
    this.waitingGroups++;
    this.waiting.add(group, 0);
  }

  /** Call it for a group that was written otherwise, or has no clients any more. */
  remove(group: ClientGroup): void {
    if (!group.isWaiting) return;
    group.isWaiting = false;
    // Its place is left behind. A degraded engine writes at once and never flushes.
    if (--this.waitingGroups === 0) this.waiting.clear();
  }

  /**
   * Begins a flush: takes the groups that wait, each with the end of its log. What is added from now
   * on waits for the next flush. The result is valid until {@link done}.
   */
  take(): Places {
    const { waiting, due } = this;
    for (let n = 0; n < waiting.count; n++) {
      const group = waiting.groups[n]!;
      // A group that was removed and added again is here twice.
      if (group.isWaiting) due.add(group, group.end);
      group.isWaiting = false;
    }
    waiting.clear();
    this.waitingGroups = 0;
    return due;
  }

  /** Ends the flush. */
  done(): void {
    this.due.clear();
  }
}

/** Groups and a position in the log of each. Only the first `count` entries are valid. */
class Places {
  readonly groups: (ClientGroup | undefined)[] = [];
  readonly ends: number[] = [];
  count = 0;

  add(group: ClientGroup, end: number): void {
    this.groups[this.count] = group;
    this.ends[this.count++] = end;
  }

  clear(): void {
    this.groups.fill(undefined, 0, this.count);
    this.count = 0;
  }
}
