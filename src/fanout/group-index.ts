import type { ClientGroup, FanoutClient } from './fanout-client.js';
import { Group } from './group.js';

/**
 * Some groups. They have no iterator, which makes an object for each group of each broadcast: with
 * many small groups, that is most of a busy gateway's garbage.
 */
export interface Groups {
  forEach(visit: (group: ClientGroup) => void): void;
}

/** Finds the groups of clients by their rooms. */
export class GroupIndex {
  private readonly groups = new Map<string, ClientGroup>();
  /**
   * The groups of each room. A room with only one group has no set, which saves memory: clients
   * that invent room names create very many such rooms.
   */
  private readonly byRoom = new Map<string, ClientGroup | Set<ClientGroup>>();

  all(): Iterable<ClientGroup> {
    return this.groups.values();
  }

  /** The groups in a room. */
  in(room: string): Groups {
    const groups = this.byRoom.get(room);
    if (groups instanceof Group) return [groups];
    return groups ?? [];
  }

  /** The group of a client's rooms. It is created if no other client has exactly these rooms. */
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
