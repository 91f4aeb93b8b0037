import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.js';
import { VIEW_RATES, type ViewRate } from '../contract/index.js';
import { type ViewMember, ViewUpdates } from './view-updates.js';

const STREAMS = ['A', 'B'] as const;
type Stream = (typeof STREAMS)[number];
/** Few, so that clients often share rooms. */
const RATES = [undefined, 1, 0.2] as const;
const LONGEST_MS = 1_000 / Math.min(...VIEW_RATES);

/** A room of the prices of one stream, or of all. Without a rate, it gets every update. */
interface Room {
  readonly of: Stream | 'general';
  readonly rate: ViewRate | undefined;
}

const nameOf = ({ of, rate }: Room): string => (rate === undefined ? of : `${of}@${rate}hz`);
const ROOMS: readonly Room[] = [...STREAMS, 'general' as const].flatMap((of) =>
  RATES.map((rate) => ({ of, rate })),
);

const GENERAL_ROOMS = ROOMS.filter(({ of }) => of === 'general');

class Client implements ViewMember {
  readonly rooms = new Set<string>();
  /** The versions when it joined `general` or a view of it, while it is in one of them. */
  generalSince: ReadonlyMap<Stream, number> | undefined;
  /** The newest version that it was sent, by stream. */
  readonly newest = new Map<Stream, number>();

  constructor(readonly id: string) {}

  join(room: string): void {
    this.rooms.add(room);
  }

  sent(stream: Stream, version: number, isSnapshot: boolean): void {
    const before = this.newest.get(stream) ?? 0;
    if (version < before) throw new Error(`${this.id} got version ${version} of ${stream} after ${before}`);
    if (version === before && !isSnapshot)
      throw new Error(`${this.id} got version ${version} of ${stream} twice`);
    this.newest.set(stream, version);
  }
}

/** Rooms with members, to which updates are sent as the gateway does it. */
class World {
  readonly clock = new FakeClock();
  readonly clients = ['one', 'two', 'three'].map((id) => new Client(id));
  private readonly versions = new Map<Stream, number>();
  private readonly views = new ViewUpdates({
    clock: this.clock,
    empty: (room) => this.clients.forEach(({ rooms }) => rooms.delete(room)),
    onConflated: () => undefined,
  });

  publish(stream: Stream): void {
    const version = (this.versions.get(stream) ?? 0) + 1;
    this.versions.set(stream, version);
    const raw = [stream, 'general'];
    this.send(stream, version, raw, []);
    const limited = new Map<ViewRate, string[]>();
    for (const rate of VIEW_RATES) {
      const rooms = raw.map((room) => `${room}@${rate}hz`).filter((room) => this.membersOf(room).length > 0);
      if (rooms.length > 0) limited.set(rate, rooms);
    }
    this.views.offer({
      stream,
      sentTo: raw,
      unlimited: [],
      limited,
      send: (rooms, except) => this.send(stream, version, rooms, except),
      sendTo: (id) => this.clients.find((client) => client.id === id)!.sent(stream, version, false),
    });
  }

  join(client: Client, room: Room): void {
    if (room.of === 'general') {
      this.views.beforeJoin(client, nameOf(room));
      client.generalSince ??= new Map(this.versions);
    }
    client.rooms.add(nameOf(room));
    if (room.of === 'general') return;
    const version = this.versions.get(room.of);
    if (version === undefined) return;
    client.sent(room.of, version, true);
    this.views.gotNewest(client, room.of);
  }

  leave(client: Client, room: Room): void {
    if (!client.rooms.has(nameOf(room))) return;
    this.views.beforeLeave(client, nameOf(room));
    client.rooms.delete(nameOf(room));
    if (!GENERAL_ROOMS.some((one) => client.rooms.has(nameOf(one)))) client.generalSince = undefined;
  }

  /** Leaves the other rooms of the same kind, and joins one. */
  replace(client: Client, room: Room): void {
    const { generalSince } = client;
    const others = ROOMS.filter(({ of, rate }) => of === room.of && rate !== room.rate);
    if (room.of === 'general') this.views.catchUp(client);
    for (const other of others) this.leave(client, other);
    if (room.of === 'general') client.generalSince = generalSince;
    this.join(client, room);
  }

  /**
   * Lets the time of the longest interval pass. Then every client must have the newest update of the
   * streams of its rooms. `general` brings those that were published since it joined.
   */
  settle(): void {
    this.clock.advance(LONGEST_MS);
    for (const { id, rooms, newest, generalSince } of this.clients) {
      const bases = [...rooms].map((room) => room.split('@')[0]!);
      if (bases.some((base) => base.startsWith('ahead:'))) throw new Error('a mark is left');
      for (const [stream, version] of this.versions) {
        const isNew = generalSince !== undefined && (generalSince.get(stream) ?? 0) < version;
        const receives = bases.includes(stream) || isNew;
        if (receives && newest.get(stream) !== version)
          throw new Error(`${id} has not got the newest version of ${stream}`);
      }
    }
  }

  private send(stream: Stream, version: number, rooms: readonly string[], except: readonly string[]): void {
    for (const client of this.clients) {
      if (rooms.some((room) => client.rooms.has(room)) && !except.some((room) => client.rooms.has(room)))
        client.sent(stream, version, false);
    }
  }

  private membersOf(room: string): Client[] {
    return this.clients.filter(({ rooms }) => rooms.has(room));
  }
}

const who = fc.nat({ max: 2 });
const room = fc.constantFrom(...ROOMS);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('publish' as const), stream: fc.constantFrom(...STREAMS) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), who, room }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), who, room }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('replace' as const), who, room }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(1, 40, 90, 260, 700, 3_000),
    }),
  },
);

it('sends each update once, never an older one after a newer one, and always the last one', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const world = new World();
      for (const one of steps) {
        if (one.do === 'publish') world.publish(one.stream);
        else if (one.do === 'advance') world.clock.advance(one.ms);
        else world[one.do](world.clients[one.who]!, one.room);
      }
      world.settle();
      for (const stream of STREAMS) world.publish(stream);
      world.settle();
    }),
    { numRuns: 3_000 },
  );
});
