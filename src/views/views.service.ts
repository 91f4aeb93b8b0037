import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/gateway-config.js';
import {
  type ChainSummary,
  type ChainView,
  type ChainViewGrant,
  type JsonPayload,
  type MarketAddress,
  roomName,
  ServerEvent,
  type UnderlyingUpdate,
  type View,
  type ViewContent,
  viewName,
  type ViewRate,
} from '../contract/index.js';
import type { ChainMessage, MarketMessage } from '../feed/market-message.js';
import {
  type GatewayServer,
  type GatewaySocket,
  SOCKET_SERVER,
} from '../transports/socket-io/socket-server.js';
import { TransportMetrics } from '../transports/transport.metrics.js';
import { ChainViews } from './chain-views.js';
import { ViewRooms } from './view-rooms.js';
import { ViewUpdates } from './view-updates.js';
import { ViewsMetrics } from './views.metrics.js';

/** Marks the payload of an update that has just come from the feed, so that its latency is measured. */
export type Timed = <T extends object>(payload: JsonPayload<T>) => JsonPayload<T>;

/** An update to send to views of its rooms. */
type ViewPayload =
  | readonly [event: 'underlying_update', payload: JsonPayload<UnderlyingUpdate>]
  | readonly [event: 'chain_summary', payload: JsonPayload<ChainSummary>]
  | readonly [event: 'chain_view', payload: JsonPayload<ChainView>];

/** The rooms of views that get the same messages, by their rate. */
interface Receivers {
  readonly unlimited: string[];
  readonly limited: Map<ViewRate, string[]>;
}

/**
 * Sends updates to the views of rooms. A view is a room of its own. What its clients receive is
 * computed once for all of them, and only while there are any.
 */
@Injectable()
export class ViewsService implements OnModuleInit, OnApplicationShutdown {
  private readonly chains: ChainViews;
  private readonly updates: ViewUpdates;

  constructor(
    private readonly config: GatewayConfig,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly rooms: ViewRooms,
    private readonly metrics: ViewsMetrics,
    private readonly transportMetrics: TransportMetrics,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.chains = new ChainViews(({ mode }) => metrics.viewsDerived.inc({ mode }));
    this.updates = new ViewUpdates({
      clock,
      empty: (room) => this.empty(room),
      onConflated: (rates) => metrics.viewUpdatesConflated.inc(rates),
    });
  }

  onModuleInit(): void {
    this.metrics.onScrape(() => this.metrics.views.set(this.rooms.size));
  }

  /** Clients that are still connected during the drain keep their rates. */
  onApplicationShutdown(): void {
    this.updates.stop();
  }

  /**
   * Sends an update to the views of its rooms. Call it in the turn in which the rooms themselves
   * were sent the update.
   */
  relay(
    rooms: readonly string[],
    ...[event, payload, timed]:
      | [event: 'underlying_update', payload: JsonPayload<UnderlyingUpdate>, timed: Timed]
      | [event: 'chain_summary', payload: JsonPayload<ChainSummary>, timed: Timed]
  ): void {
    if (this.rooms.size === 0) return;
    const receivers = newReceivers();
    for (const room of rooms) {
      for (const [name, view] of this.rooms.of(room) ?? []) add(receivers, name, view);
    }
    const made = [event, payload] as ViewPayload;
    this.offer(streamOf(event, payload.key), rooms, receivers, () => made, timed);
  }

  /** Sends a chain to the views of its rooms. Each kind of content is a stream of its own. */
  relayChain(rooms: readonly string[], chain: ChainMessage, timed: Timed): void {
    if (this.rooms.size === 0) return;
    const byContent = new Map<string, Receivers & { readonly content: ViewContent }>();
    for (const room of rooms) {
      for (const [name, view] of this.rooms.of(room) ?? []) {
        if (!isOfChain(view)) continue;
        const content = contentOf(view);
        const stream = streamOf(ServerEvent.chainView, chain.key, content);
        const receivers = byContent.get(stream) ?? { content, ...newReceivers() };
        add(receivers, name, view);
        byContent.set(stream, receivers);
      }
    }
    for (const [stream, receivers] of byContent) {
      const made = (): ViewPayload => [ServerEvent.chainView, this.chains.of(chain, receivers.content)];
      this.offer(stream, [], receivers, made, timed);
    }
  }

  /** A chain as a view of it, which all receivers share. */
  chainView(chain: ChainMessage, view: ChainViewGrant): JsonPayload<ChainView> {
    return this.chains.of(chain, contentOf(view));
  }

  /** How many updates wait for the rate of a view. A client that joins or leaves `general` touches each. */
  get waitingUpdates(): number {
    return this.updates.size;
  }

  /**
   * The rooms of a request for which there are too many views. Each replica sends a limited number
   * of different views, because each of them costs work for every update.
   * @param left the rooms that the client leaves at the same time
   */
  beyondLimit(addresses: readonly MarketAddress[], left: readonly string[]): readonly string[] {
    const added = addresses.flatMap((address) => {
      const room = roomName(address);
      return address.view && !this.rooms.isView(room) ? [room] : [];
    });
    const { rooms } = this.server.sockets.adapter;
    const freed = left.filter((room) => this.rooms.isView(room) && rooms.get(room)?.size === 1).length;
    return added.slice(Math.max(0, this.config.maxViews - this.rooms.size + freed));
  }

  /** Call it before a client joins a room that has no snapshot. */
  beforeJoin(client: GatewaySocket, room: string): void {
    this.updates.beforeJoin(client, room);
  }

  /** Call it before a client leaves a room for another one that has no snapshot. */
  catchUp(client: GatewaySocket): void {
    this.updates.catchUp(client);
  }

  /** Call it before a client leaves a room. */
  beforeLeave(client: GatewaySocket, room: string): void {
    this.updates.beforeLeave(client, room);
  }

  /** Call it when a client that joined a room was sent the newest messages of the room. */
  joined(client: GatewaySocket, { view }: MarketAddress, messages: readonly MarketMessage[]): void {
    const content = view && isOfChain(view) ? contentOf(view) : undefined;
    for (const { kind, key } of messages) {
      if (kind === 'underlying') this.updates.gotNewest(client, streamOf(ServerEvent.underlyingUpdate, key));
      else if (content) this.updates.gotNewest(client, streamOf(ServerEvent.chainView, key, content));
    }
  }

  /** @param make makes the payload, once there is a receiver */
  private offer(
    stream: string,
    sentTo: readonly string[],
    receivers: Receivers,
    make: () => ViewPayload,
    timed: Timed,
  ): void {
    if (receivers.unlimited.length === 0 && receivers.limited.size === 0) return;
    this.updates.offer({
      ...receivers,
      stream,
      sentTo,
      send: (rooms, except, waited) => this.send(rooms, except, make, waited ? undefined : timed),
      sendTo: (clientId) => {
        const [event, payload] = make();
        this.server.local.to(clientId).emit(...([event, payload] as EventArguments));
      },
    });
  }

  private send(
    rooms: readonly string[],
    except: readonly string[],
    make: () => ViewPayload,
    timed: Timed = (payload) => payload,
  ): void {
    const { adapter } = this.server.sockets;
    // The last client may have left while the update waited.
    if (!rooms.some((room) => adapter.rooms.has(room))) return;
    const [event, payload] = make();
    this.server.local
      .to([...rooms])
      .except([...except])
      .emit(...([event, timed(payload as JsonPayload<object>)] as EventArguments));
    this.transportMetrics.broadcasts.inc({ event });
  }

  private empty(room: string): void {
    const { adapter, sockets } = this.server.sockets;
    for (const id of [...(adapter.rooms.get(room) ?? [])]) void sockets.get(id)?.leave(room);
  }
}

/** The arguments of `emit`: TypeScript cannot relate an event of a union to its payload. */
type EventArguments = [event: 'chain_view', payload: JsonPayload<ChainView>];

function newReceivers(): Receivers {
  return { unlimited: [], limited: new Map() };
}

function add({ unlimited, limited }: Receivers, room: string, { max_rate: rate }: View): void {
  if (rate === undefined) unlimited.push(room);
  else limited.set(rate, [...(limited.get(rate) ?? []), room]);
}

function isOfChain(view: View): view is ChainViewGrant {
  return view.mode !== undefined;
}

/** What the messages of a view have, whatever its rate. */
function contentOf({ mode, strikes }: ChainViewGrant): ViewContent {
  return strikes === undefined ? { mode } : { mode, strikes };
}

function streamOf(event: ServerEvent, key: string, content?: ViewContent): string {
  return content ? `${event} ${key}@${viewName(content)}` : `${event} ${key}`;
}
