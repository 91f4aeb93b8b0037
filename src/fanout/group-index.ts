import type { ClientGroup, FanoutClient } from './fanout-client.js';
import { Group } from './group.js';

/** The groups that have clients, by what their clients are in. */
export class GroupIndex {
  private readonly groups = new Map<string, ClientGroup>();
  /** A room of one group has no set of its own: clients that make up rooms make very many of these. */
  private readonly byRoom = new Map<string, ClientGroup | Set<ClientGroup>>();

  all(): Iterable<ClientGroup> {
    return this.groups.values();
  }

  /** The groups in one of the rooms, one that is in several of them several times; with no rooms, all. */
  *in(rooms: ReadonlySet<string>): Generator<ClientGroup> {
    if (rooms.size === 0) yield* this.groups.values();
    for (const room of rooms) {
      const groups = this.byRoom.get(room);
      if (groups instanceof Group) yield groups;
      else if (groups) yield* groups;
    }
  }

  /** The group of a client's rooms, which is made if it is the first one in just these. */
  of({ id, rooms }: FanoutClient): ClientGroup {
    const shared = [...rooms].filter((room) => room !== id).sort();
    const key = JSON.stringify(shared);
    let group = this.groups.get(key);
    if (!group) {
      this.groups.set(key, (group = new Group<FanoutClient>(key, shared)));
      for (const room of shared) {
        const groups = this.byRoom.get(room);
        if (groups instanceof Group) this.byRoom.set(room, new Set([groups, group]));
        else if (groups) groups.add(group);
        else this.byRoom.set(room, group);
      }
    }
    return group;
  }

  delete(group: ClientGroup): void {
    this.groups.delete(group.key);
    for (const room of group.rooms) {
      const groups = this.byRoom.get(room);
      if (groups instanceof Group) this.byRoom.delete(room);
      else if (groups?.delete(group) && groups.size === 1) this.byRoom.set(room, [...groups][0]!);
    }
  }
}
