import { FakeClock } from '../../test/support/fake-clock.js';
import type { ChannelSource } from './channel-source.js';
import { ShardedChannels } from './sharded-channels.js';

/** The channels that are subscribed to on each node of a cluster with one slot for each channel. */
function setUp(owners: Map<string, string>) {
  const clock = new FakeClock();
  const nodes = new Map<string, Set<string>>();
  const ups = new Map<string, (channels: readonly string[]) => void>();
  const downs: string[] = [];
  const channels = [...owners.keys()];
  let compare = (): void => undefined;
  /** How often the source has asked for a reading of the map. */
  let asked = 0;
  const source = new ShardedChannels({
    clock,
    slots: {
      read: () => void asked++,
      onRead: (listener) => void (compare = listener),
      slotOf: (channel) => channels.indexOf(channel),
      ownerOf: (slot) => owners.get(channels[slot]!),
    },
    on: (node): ChannelSource => {
      const held = new Set<string>();
      nodes.set(node, held);
      return {
        status: { up: true },
        start: ({ up }) => void ups.set(node, up),
        add: (names) => names.forEach((name) => held.add(name)),
        remove: (name) => held.delete(name),
        stop: () => Promise.resolve(void nodes.delete(node)),
      };
    },
  });
  source.start({ message: () => undefined, up: () => undefined, down: (names) => downs.push(...names) });
  const held = () => Object.fromEntries([...nodes].map(([node, names]) => [node, [...names]]));
  /** The map is read from the cluster. */
  const read = () => compare();
  const up = (node: string, channel: string) => ups.get(node)!([channel]);
  return { clock, source, downs, held, read, up, asked: () => asked };
}

describe('ShardedChannels', () => {
  it('moves the channels of a slot once two readings of the map agree on its owner', () => {
    const owners = new Map([
      ['a', 'one'],
      ['b', 'one'],
    ]);
    const { clock, source, downs, held, read, up, asked } = setUp(owners);
    source.add(['a', 'b']);
    for (const channel of ['a', 'b']) up('one', channel);
    owners.set('a', 'two');
    clock.advance(1_000); // it only looks, and asks for a reading
    expect(asked()).toBe(1);
    read();
    expect([held(), downs]).toEqual([{ one: ['a', 'b'] }, []]);
    clock.turn();
    expect(asked()).toBe(2);
    read();
    expect([held(), downs]).toEqual([{ one: ['b'], two: ['a'] }, ['a']]);
    read();
    clock.advance(5_000);
    expect([downs, asked()]).toEqual([['a'], 2]);
  });

  it('does not report the loss of a channel that was never up', () => {
    const owners = new Map([['a', 'one']]);
    const { clock, source, downs, held, read } = setUp(owners);
    source.add(['a']);
    owners.set('a', 'two');
    read();
    read();
    clock.advance(1_000);
    expect([held(), downs]).toEqual([{ two: ['a'] }, []]);
  });

  it('ignores an owner that the next reading does not confirm', () => {
    const owners = new Map([['a', 'one']]);
    const { clock, source, downs, held, read } = setUp(owners);
    source.add(['a']);
    for (const owner of ['two', 'one', 'three', 'two', 'one']) {
      owners.set('a', owner);
      read();
      clock.advance(3_000);
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
