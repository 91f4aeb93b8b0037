import fc from 'fast-check';
import {
  ACTORS,
  type Client,
  type Connecting,
  Coverage,
  FanoutWorld,
  MAX_WAITING,
  ROOMS,
  STALL_TIMEOUT,
} from '../../test/support/fanout-world.js';
import { FakeKernel } from '../../test/support/fake-kernel.js';

type Step =
  | { readonly do: 'connect'; readonly as: Connecting }
  | {
      readonly do: 'broadcast';
      readonly to: readonly string[];
      readonly except?: readonly string[];
      readonly key: string;
      readonly bytes: number;
    }
  | { readonly do: 'turn' }
  | { readonly do: 'advance'; readonly ms: number }
  | ClientStep;

/** An event of the connected client with this number. */
type ClientStep = { readonly of: number } & (
  | { readonly do: 'join' | 'leave'; readonly room: string }
  | { readonly do: 'snapshot'; readonly key: string }
  | { readonly do: 'reply' | 'take'; readonly bytes: number }
  | { readonly do: Plain }
);

type Plain = 'remove' | 'vanish' | 'stall' | 'read' | 'block' | 'unblock' | 'startUpgrade' | 'endUpgrade';

/** Larger than the limit of a group's log, bytes. */
const HUGE = 1_100_000;

const of = fc.nat({ max: ACTORS - 1 });
const room = fc.constantFrom(...ROOMS);
const to = fc.subarray([...ROOMS]);
const key = fc.constantFrom('a', 'b', 'c', 'd');
const bytes = fc.constantFrom(0, 0, 70, 150);
const seldom = fc.nat({ max: 19 }).map((one) => one === 1);
const connecting = fc.record({ deflates: fc.boolean(), polling: fc.boolean(), degraded: seldom });

function often(weight: number, arbitrary: fc.Arbitrary<Step>): fc.WeightedArbitrary<Step> {
  return { weight, arbitrary };
}

function plain(weight: number, kind: Plain): fc.WeightedArbitrary<Step> {
  return often(weight, fc.record({ do: fc.constant(kind), of }));
}

const step = fc.oneof(
  often(50, fc.record({ do: fc.constant('broadcast'), to, key, bytes })),
  often(10, fc.record({ do: fc.constant('broadcast'), to, except: to, key, bytes })),
  often(1, fc.record({ do: fc.constant('broadcast'), to, key, bytes: fc.constantFrom(MAX_WAITING, HUGE) })),
  often(30, fc.record({ do: fc.constant('turn') })),
  often(10, fc.record({ do: fc.constant('advance'), ms: fc.constantFrom(1, 20, 100, 400, STALL_TIMEOUT) })),
  often(2, fc.record({ do: fc.constant('connect'), as: connecting })),
  often(12, fc.record({ do: fc.constant('join'), of, room })),
  often(8, fc.record({ do: fc.constant('leave'), of, room })),
  often(8, fc.record({ do: fc.constant('snapshot'), of, key })),
  often(12, fc.record({ do: fc.constant('reply'), of, bytes })),
  often(1, fc.record({ do: fc.constant('reply'), of, bytes: fc.constant(MAX_WAITING) })),
  often(8, fc.record({ do: fc.constant('take'), of, bytes: fc.integer({ min: 1, max: 500 }) })),
  plain(12, 'stall'),
  plain(4, 'read'),
  plain(4, 'block'),
  plain(8, 'unblock'),
  plain(3, 'startUpgrade'),
  plain(3, 'endUpgrade'),
  plain(1, 'remove'),
  plain(1, 'vanish'),
);

function perform(world: FanoutWorld, step: Step): void {
  if ('of' in step) {
    const client = world.open()[step.of];
    if (client) performOf(world, client, step);
    return;
  }
  switch (step.do) {
    case 'connect':
      return world.connect(step.as);
    case 'broadcast':
      return world.broadcast(step.to, step.key, 'x'.repeat(step.bytes), step.except);
    case 'turn':
      return world.turn();
    case 'advance':
      return world.advance(step.ms);
  }
}

function performOf(world: FanoutWorld, client: Client, step: ClientStep): void {
  switch (step.do) {
    case 'join':
      return world.join(client, step.room);
    case 'leave':
      return world.leave(client, step.room);
    case 'snapshot':
      return world.snapshot(client, step.key);
    case 'reply':
      return world.reply(client, 'x'.repeat(step.bytes));
    case 'remove':
      return world.disconnect(client, 'removed');
    case 'vanish':
      return world.disconnect(client, 'gone');
    case 'take':
      return client.link.take(step.bytes);
    case 'read':
      return client.link.take();
    case 'stall':
    case 'block':
    case 'unblock':
    case 'startUpgrade':
    case 'endUpgrade':
      return client.link[step.do]();
  }
}

/** A few clients, and sometimes a crowd that is large enough to make a flush pause. */
const clients = fc.record({
  actors: fc.array(connecting, { minLength: 1, maxLength: ACTORS }),
  crowd: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 33, max: 70 }) },
  ),
});

/** Without file descriptors, and with an operating system that often takes only a part of a write. */
const PATHS = {
  'with a write for each client': () => undefined,
  'with one call for many clients': () => new FakeKernel(5),
};

describe.each(Object.entries(PATHS))('FanoutEngine %s, under random events,', (_, createKernel) => {
  it('sends each client the frames of its rooms once and in order, or the newest ones if it lags', () => {
    const coverage = new Coverage();
    let [batches, shortWrites] = [0, 0];
    const steps = fc.array(step, { maxLength: 120, size: 'max' });
    fc.assert(
      fc.property(clients, steps, ({ actors, crowd }, steps) => {
        const kernel = createKernel();
        const world = new FanoutWorld(coverage, crowd > 0 ? 1 : 0, kernel);
        for (const as of actors) world.connect(as, ['r0']);
        for (let one = 0; one < crowd; one++) {
          world.connect(
            { deflates: one % 2 > 0, polling: false, degraded: false },
            ROOMS.slice(0, 1 + (one % 3)),
          );
        }
        for (const step of steps) world.bounded(() => perform(world, step));
        world.settle();
        world.check();
        world.empty();
        batches += kernel?.batches ?? 0;
        shortWrites += kernel?.shortWrites ?? 0;
      }),
      { numRuns: 1_000, seed: 1 },
    );
    const unreached = Object.entries(coverage).filter(([, times]) => times < 20);
    expect(unreached).toEqual([]);
    expect([batches > 1_000, shortWrites > 1_000]).toEqual(Array(2).fill(createKernel() !== undefined));
  });
});
