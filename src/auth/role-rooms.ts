import { splitList } from '../split-list.js';
import { RoomPatterns } from './room-patterns.js';

export const ROLE_ROOMS_EXAMPLE = 'admin=*; user=general,product:*; anonymous=product:NIFTY';

/** The role of who has no token. */
export const ANONYMOUS_ROLE = 'anonymous';
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
   * What a role may join; undefined where nothing is said of it. Of an unknown role what is said of `user`: a new name must not
   * be worth more than the known ones. Who is anonymous is no user.
   */
  of(role: string): RoomPatterns | undefined {
    return this.rooms.get(role) ?? (role === ANONYMOUS_ROLE ? undefined : this.rooms.get(DEFAULT_ROLE));
  }
}
