import { splitList } from '../common/split-list.js';
import { RoomPatterns } from './room-patterns.js';

export const ROLE_ROOMS_EXAMPLE = 'admin=*; user=general,product:*; anonymous=product:NIFTY';

/** The name that stands for clients without a token. */
const ANONYMOUS_ROLE = 'anonymous';
/** The role of a token that names no role, or a role that is not configured. */
export const DEFAULT_ROLE = 'user';

/** The role that may see the state of all replicas. */
export const ADMIN_ROLE = 'admin';

export const ROLE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export class RoleRoomsError extends Error {}

/** The rooms that each role may join, as entries `ROLE=PATTERN,PATTERN` separated by `;`. */
export class RoleRooms {
  private constructor(private readonly rooms: ReadonlyMap<string, RoomPatterns>) {}

  /** @throws RoleRoomsError */
  static parse(text: string): RoleRooms {
    const rooms = new Map<string, RoomPatterns>();
    for (const entry of splitList(text, ';')) {
      const [role = '', patterns, ...rest] = entry.split('=').map((part) => part.trim());
      if (!ROLE_PATTERN.test(role)) throw new RoleRoomsError('an entry must begin with the name of a role');
      if (patterns === undefined || rest.length > 0) throw new RoleRoomsError(`"${role}" must have one =`);
      if (rooms.has(role)) throw new RoleRoomsError(`"${role}" is defined twice`);
      const list = splitList(patterns, ',');
      const wrong = list.find((pattern) => !RoomPatterns.isPattern(pattern));
      if (wrong !== undefined) throw new RoleRoomsError(`"${role}" has a pattern that matches no room`);
      rooms.set(role, new RoomPatterns(list));
    }
    return new RoleRooms(rooms);
  }

  /**
   * Returns the rooms that a token of this role may join; undefined if they are not restricted. An
   * unknown role counts as `user`: an unknown name must not grant more than a known one.
   * `anonymous` is no exception here, because a client with a token is never anonymous.
   */
  of(role: string): RoomPatterns | undefined {
    return this.rooms.get(role) ?? this.rooms.get(DEFAULT_ROLE);
  }

  /**
   * The rooms that clients without a token may join; undefined if they are not restricted. The
   * rooms of `user` do not apply to them.
   */
  get withoutToken(): RoomPatterns | undefined {
    return this.rooms.get(ANONYMOUS_ROLE);
  }
}
