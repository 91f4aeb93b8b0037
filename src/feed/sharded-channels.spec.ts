import { FakeClock } from '../../test/support/fake-clock.js';
import type { ChannelSource } from './channel-source.js';
import { ShardedChannels } from './sharded-channels.js';

/** The channels that are subscribed to on each node of a cluster with one slot for each channel. */
function setUp(owners: Map<string, string>) {
  const clock = new FakeClock();
  const nodes = new Map<string, Set<string>>();
  const downs: string[] = [];
  const channels = [...owners.keys()];
  const source = new ShardedChannels({
    clock,
    slots: {
      slotOf: (channel) => channels.indexOf(channel),
      ownerOf: (slot) => owners.get(channels[slot]!),
    },
    on: (node): ChannelSource => {
      const held = new Set<string>();
      nodes.set(node, held);
      return {
        status: { up: true },
        start: () => undefined,
        add: (names) => names.forEach((name) => held.add(name)),
        remove: (name) => held.delete(name),
        stop: () => Promise.resolve(void nodes.delete(node)),
      };
    },
  });
  source.start({ message: () => undefined, up: () => undefined, down: (names) => downs.push(...names) });
  const held = () => Object.fromEntries([...nodes].map(([node, names]) => [node, [...names]]));
  return { clock, source, downs, held };
}

describe('ShardedChannels', () => {
  it('moves the channels of a slot whose owner two looks in a row agree on', () => {
    const owners = new Map([
      ['a', 'one'],
      ['b', 'one'],
    ]);
    const { clock, source, downs, held } = setUp(owners);
    source.add(['a', 'b']);
    owners.set('a', 'two');
    clock.advance(1_000);
    expect([held(), downs]).toEqual([{ one: ['a', 'b'] }, []]);
    clock.advance(1_000);
    expect([held(), downs]).toEqual([{ one: ['b'], two: ['a'] }, ['a']]);
    clock.advance(5_000);
    expect(downs).toEqual(['a']);
  });

  it('ignores an owner that the next look does not confirm', () => {
    const owners = new Map([['a', 'one']]);
    const { clock, source, downs, held } = setUp(owners);
    source.add(['a']);
    for (const owner of ['two', 'one', 'three', 'two', 'one']) {
      owners.set('a', owner);
      clock.advance(1_000);
      expect([held(), downs]).toEqual([{ one: ['a'] }, []]);
    }
  });

  it('subscribes at the first look that knows an owner', () => {
    const owners = new Map<string, string>([['a', 'one']]);
    const unknown = owners as Map<string, string | undefined>;
    const { clock, source, held } = setUp(owners);
    unknown.set('a', undefined);
    source.add(['a']);
    expect([held(), source.status.up]).toEqual([{}, false]);
    owners.set('a', 'two');
    clock.advance(1_000);
    expect([held(), source.status.up]).toEqual([{ two: ['a'] }, true]);
  });
});
