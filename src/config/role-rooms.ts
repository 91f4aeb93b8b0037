import { splitList } from '../common/split-list.js';
import { RoomPatterns } from './room-patterns.js';

export const ROLE_ROOMS_EXAMPLE = 'admin=*; user=general,product:*; anonymous=product:NIFTY';

/** Names the clients without a token. */
const ANONYMOUS_ROLE = 'anonymous';
/** The role of a token that names none, or one that nothing is said of. */
export const DEFAULT_ROLE = 'user';

export const ROLE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export class RoleRoomsError extends Error {}

/** What each role may subscribe to: entries `ROLE=PATTERN,PATTERN`, separated by `;`. */
export class RoleRooms {
  private constructor(private readonly rooms: ReadonlyMap<string, RoomPatterns>) {}

  /** @throws RoleRoomsError */
  static parse(text: string): RoleRooms {
    const rooms = new Map<string, RoomPatterns>();
    for (const entry of splitList(text, ';')) {
      const [role = '', patterns, ...rest] = entry.split('=').map((part) => part.trim());
      if (!ROLE_PATTERN.test(role)) throw new RoleRoomsError('an entry must begin with the name of a role');
      if (patterns === undefined || rest.length > 0) throw new RoleRoomsError(`"${role}" must have one =`);
      if (rooms.has(role)) throw new RoleRoomsError(`"${role}" is there twice`);
      const list = splitList(patterns, ',');
      const wrong = list.find((pattern) => !RoomPatterns.isPattern(pattern));
      if (wrong !== undefined) throw new RoleRoomsError(`"${role}" has a pattern that fits no room`);
      rooms.set(role, new RoomPatterns(list));
    }
    return new RoleRooms(rooms);
  }

  /**
   * What a token's role may join; undefined if nothing is said of it. A role that is not named counts as `user`: an unknown name must
   * not be worth more than the known ones. `anonymous` is no exception here, because a client with a token is never anonymous.
   */
  of(role: string): RoomPatterns | undefined {
    return this.rooms.get(role) ?? this.rooms.get(DEFAULT_ROLE);
  }

  /** What clients without a token may join; undefined if nothing is said of them. What is said of `user` does not concern them. */
  get withoutToken(): RoomPatterns | undefined {
    return this.rooms.get(ANONYMOUS_ROLE);
  }
}
