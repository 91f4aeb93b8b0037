import type { Clock, Timer } from '../common/clock.js';
import type { ChannelListener, ChannelSource } from './channel-source.js';
import type { FeedStatus } from './feed-source.js';

/** How often the owners of slots are compared with where the channels are subscribed to, ms. */
const LOOK_MS = 1_000;

/** The slots of a cluster, and the nodes that own them. */
export interface ClusterSlots {
  /** How often the map of slots has been read from the cluster. */
  readonly readings: number;
  slotOf(channel: string): number;
  /** The node `host:port` that owns a slot; undefined while none is known. */
  ownerOf(slot: number): string | undefined;
}

export interface ShardedChannelsOptions {
  readonly clock: Pick<Clock, 'after'>;
  readonly slots: ClusterSlots;
  /** Creates the subscriptions on a node. */
  readonly on: (node: string) => ChannelSource;
}

interface Slot {
  readonly channels: Set<string>;
  /** The node on which the channels are subscribed to. */
  owner: string | undefined;
  /** Another node that was its owner at the last look, and the readings when it first was. */
  claim: { readonly node: string; readonly readings: number } | undefined;
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
    if (!slot)
      this.slots.set(
        number,
        (slot = { channels: new Set(), owner: slots.ownerOf(number), claim: undefined }),
      );
    return slot;
  }

  private look(): void {
    for (const [number, slot] of this.slots) {
      const owner = this.options.slots.ownerOf(number);
      if (owner === undefined || owner === slot.owner) {
        slot.claim = undefined;
        continue;
      }
      if (slot.owner !== undefined) {
        if (!this.isConfirmed(slot, owner)) continue;
        this.leave(slot, this.nodes.get(slot.owner));
      }
      slot.owner = owner;
      slot.claim = undefined;
      this.node(owner).add([...slot.channels]);
    }
    this.endUnused();
    this.timer = this.options.clock.after(LOOK_MS, () => this.look());
    this.timer.unref?.();
  }

  /**
   * Whether two readings of the map say that a slot has moved to a node. When one slot has moved,
   * ioredis gives all slots of its range to the new node until it reads the map again, and a node
   * may answer with an old map.
   */
  private isConfirmed(slot: Slot, node: string): boolean {
    const { readings } = this.options.slots;
    if (slot.claim?.node === node) return slot.claim.readings !== readings;
    slot.claim = { node, readings };
    return false;
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
