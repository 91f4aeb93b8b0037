import type { Clock, Timer } from '../common/clock.js';
import type { ChannelListener, ChannelSource } from './channel-source.js';
import type { FeedStatus } from './feed-source.js';

/** How often the owners of slots are compared with where the channels are subscribed to, ms. */
const LOOK_MS = 1_000;

/** The slots of a cluster, and the nodes that own them. */
export interface ClusterSlots {
  slotOf(channel: string): number;
  /** The node `host:port` that owns a slot; undefined while none is known. */
  ownerOf(slot: number): string | undefined;
  /** Reads the map of slots from a node of the cluster, now and then in any case. */
  read(): void;
  /** Calls `listener` each time the map has been read, before anything changes it. */
  onRead(listener: () => void): void;
}

export interface ShardedChannelsOptions {
  readonly clock: Pick<Clock, 'after' | 'soon'>;
  readonly slots: ClusterSlots;
  /** Creates the subscriptions on a node. */
  readonly on: (node: string) => ChannelSource;
}

interface Slot {
  readonly channels: Set<string>;
  /** The node on which the channels are subscribed to. */
  owner: string | undefined;
  /** Another node that was its owner when the map was last read. */
  claim: string | undefined;
}

/**
 * Channels of sharded pub/sub in a cluster. Only the node that owns the slot of a channel delivers
 * it, so there is one connection to each node that owns one of the channels. The channels of a slot
 * that moves to another node are subscribed to there.
 */
export class ShardedChannels implements ChannelSource {
  private readonly slots = new Map<number, Slot>();
  private readonly nodes = new Map<string, ChannelSource>();
  /** The channels that are up, or have delivered a message. */
  private readonly working = new Set<string>();
  private listener: ChannelListener | undefined;
  private timer: Timer | undefined;
  private stopped = false;

  constructor(private readonly options: ShardedChannelsOptions) {}

  get status(): FeedStatus {
    if (this.stopped) return { up: false, reason: 'stopped' };
    for (const [node, { status }] of this.nodes) {
      if (!status.up) return { up: false, reason: `${node}: ${status.reason}` };
    }
    for (const { owner } of this.slots.values()) {
      if (owner === undefined) return { up: false, reason: 'no node of the cluster owns a slot' };
    }
    return { up: true };
  }

  start(listener: ChannelListener): void {
    this.listener = listener;
    this.options.slots.onRead(() => this.compare());
    this.look();
  }

  add(channels: readonly string[]): void {
    if (this.stopped) return;
    const added = new Map<string, string[]>();
    for (const channel of channels) {
      const slot = this.slotOf(channel);
      slot.channels.add(channel);
      if (slot.owner === undefined) continue;
      const list = added.get(slot.owner);
      if (list) list.push(channel);
      else added.set(slot.owner, [channel]);
    }
    for (const [node, list] of added) this.node(node).add(list);
  }

  remove(channel: string): void {
    const number = this.options.slots.slotOf(channel);
    const slot = this.slots.get(number);
    if (!slot?.channels.delete(channel)) return;
    this.working.delete(channel);
    if (slot.owner !== undefined) this.nodes.get(slot.owner)?.remove(channel);
    if (slot.channels.size === 0) this.slots.delete(number);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    for (const node of this.nodes.values()) await node.stop();
  }

  private slotOf(channel: string): Slot {
    const { slots } = this.options;
    const number = slots.slotOf(channel);
    let slot = this.slots.get(number);
    if (!slot) {
      slot = { channels: new Set(), owner: slots.ownerOf(number), claim: undefined };
      this.slots.set(number, slot);
    }
    return slot;
  }

  /**
   * Between two readings of the map, ioredis only guesses: when one slot has moved, it gives all
   * slots of its range to the new node.
   */
  private look(): void {
    let isOutdated = false;
    for (const [number, slot] of this.slots) {
      const owner = this.options.slots.ownerOf(number);
      if (owner === undefined || owner === slot.owner) continue;
      if (slot.owner === undefined) this.move(slot, owner);
      else isOutdated = true;
    }
    if (isOutdated) this.options.slots.read();
    this.endUnused();
    this.timer = this.options.clock.after(LOOK_MS, () => this.look());
    this.timer.unref?.();
  }

  /** Moves the channels of a slot once two readings agree, because a node may have an old map. */
  private compare(): void {
    if (this.stopped) return;
    let isClaimed = false;
    for (const [number, slot] of this.slots) {
      const owner = this.options.slots.ownerOf(number);
      const claim = slot.claim;
      slot.claim = owner === slot.owner ? undefined : owner;
      if (slot.claim === undefined) continue;
      if (slot.owner === undefined || slot.claim === claim) this.move(slot, slot.claim);
      else isClaimed = true;
    }
    // Only after this reading has ended can there be another one.
    if (isClaimed) this.options.clock.soon(() => this.options.slots.read());
  }

  private move(slot: Slot, owner: string): void {
    if (slot.owner !== undefined) this.leave(slot, this.nodes.get(slot.owner));
    slot.owner = owner;
    slot.claim = undefined;
    this.node(owner).add([...slot.channels]);
  }

  /** Leaves the channels of a slot that another node owns now. */
  private leave({ channels }: Slot, previous: ChannelSource | undefined): void {
    for (const channel of channels) previous?.remove(channel);
    const worked = [...channels].filter((channel) => this.working.delete(channel));
    if (worked.length > 0) this.listener?.down(worked);
  }

  private node(name: string): ChannelSource {
    let node = this.nodes.get(name);
    if (!node) {
      this.nodes.set(name, (node = this.options.on(name)));
      node.start({
        message: (channel, data) => {
          this.working.add(channel);
          this.listener?.message(channel, data);
        },
        up: (channels) => {
          for (const channel of channels) this.working.add(channel);
          this.listener?.up(channels);
        },
        down: (channels) => {
          for (const channel of channels) this.working.delete(channel);
          this.listener?.down(channels);
        },
      });
    }
    return node;
  }

  /** Closes the connections to nodes that own none of the channels, such as those that are gone. */
  private endUnused(): void {
    if (this.nodes.size === 0) return;
    const owners = new Set(Array.from(this.slots.values(), ({ owner }) => owner));
    for (const [name, node] of this.nodes) {
      if (owners.has(name)) continue;
      this.nodes.delete(name);
      void node.stop();
    }
  }
}
