import type { Namespace } from 'socket.io';
import type { BroadcastOptions } from 'socket.io-adapter';
import {
  JsonPayload,
  JsonPayloads,
  LivePayload,
  ReplayPayloads,
  ReplyPayload,
} from '../../contract/index.js';
import type { FanoutClient } from '../../fanout/fanout-client.js';
import type { FanoutEngine } from '../../fanout/fanout-engine.js';
import type { TimedUpdate } from '../../fanout/fanout-observer.js';
import { Frame } from '../../fanout/frame.js';
import type { LinkListener } from '../../fanout/link.js';
import type { Connection } from './engine-io-internals.js';
import { SocketIoLink } from './socket-io-link.js';
import type { AdapterClass, GatewayServer, GatewaySocket } from './socket-server.js';

/** What the adapter needs in addition to its base class. */
export interface FanoutAdapterOptions {
  readonly createEngine: () => FanoutEngine;
  /** Opens the link of a connection. */
  readonly connect: (connection: Connection, listener: LinkListener) => SocketIoLink;
  /** Called for each broadcast event, with the number of its receivers. */
  readonly onBroadcast: (event: string, receivers: number) => void;
}

/** A Socket.IO packet, as adapters receive it. */
interface Packet {
  readonly type: number;
  readonly data?: unknown;
  readonly id?: number;
}

/** Socket.IO's packet type of an event without binary data. */
const EVENT = 2;

/** What the class below adds to its base. */
interface FanoutSource {
  readonly queueMs: number;
  clientOf(id: string): FanoutClient | undefined;
}

/**
 * The link of a client; undefined if the client has disconnected, or does not use the fan-out
 * engine.
 */
export function linkOf(client: GatewaySocket): SocketIoLink | undefined {
  const link = fanoutClientOf(client)?.link;
  return link instanceof SocketIoLink ? link : undefined;
}

/** The engine's view of a client; undefined in the same cases as {@link linkOf}. */
export function fanoutClientOf({ id, nsp }: GatewaySocket): FanoutClient | undefined {
  const adapter = nsp.adapter as Partial<FanoutSource>;
  return adapter.clientOf?.(id);
}

/** How long the oldest update that the engine has not written yet has been waiting, ms. */
export function queueMsOf({ sockets }: GatewayServer): number {
  const adapter = sockets.adapter as Partial<FanoutSource>;
  return adapter.queueMs ?? 0;
}

/**
 * Makes a Socket.IO adapter on top of another one. Local events with a prepared payload go to the
 * fan-out engine. An event to a socket's private room is sent to that client only. Everything else
 * is left to the base adapter, and keeps its order with the engine's events.
 *
 * Listeners of `socket.onAnyOutgoing` are not called for the engine's events, because that would be
 * work for each client.
 */
export function fanoutAdapter(Base: AdapterClass, options: FanoutAdapterOptions): AdapterClass {
  return class FanoutAdapter extends Base implements FanoutSource {
    private readonly namespace = this.nsp as Namespace;
    private readonly engine = options.createEngine();
    private readonly clients = new Map<string, FanoutClient>();

    override addAll(id: string, rooms: Set<string>): Promise<void> | void {
      const known = this.clients.get(id);
      if (known && [...rooms].some((room) => !known.rooms.has(room))) this.engine.beforeChange(known);
      // `beforeChange` may have closed the client because it was too slow. It must not join rooms
      // then.
      if (known && !this.clients.has(id)) return;
      const added = super.addAll(id, rooms);
      if (!known) this.connect(id);
      return added;
    }

    override del(id: string, room: string): Promise<void> | void {
      const client = this.clients.get(id);
      if (client?.rooms.has(room)) this.engine.beforeLeave(client);
      return super.del(id, room);
    }

    override delAll(id: string): void {
      const client = this.clients.get(id);
      if (client) this.engine.remove(client);
      this.clients.delete(id);
      super.delAll(id);
    }

    override broadcast(packet: Packet, opts: BroadcastOptions): void {
      const event = this.carried(packet, opts);
      if (!event) {
        super.broadcast(packet, opts);
        return;
      }
      const { rooms } = opts;
      const except = opts.except?.size ? opts.except : undefined;
      const client = rooms.size === 1 ? this.clients.get([...rooms][0]!) : undefined;
      if (client) {
        if (except && [...except].some((room) => client.rooms.has(room))) return;
        if (event.payload instanceof ReplyPayload || event.payload instanceof ReplayPayloads)
          this.engine.reply(client, this.frameOf(event));
        else this.engine.send(client, this.frameOf(event), event.timed);
        return;
      }
      const without = except && [...except].flatMap((room) => this.clients.get(room) ?? []);
      const receivers = this.engine.broadcast(rooms, () => this.frameOf(event), event.timed, except, without);
      options.onBroadcast(event.name, receivers);
    }

    clientOf(id: string): FanoutClient | undefined {
      return this.clients.get(id);
    }

    get queueMs(): number {
      return this.engine.queueMs;
    }

    override close(): void | Promise<void> {
      this.engine.stop();
      return super.close();
    }

    private connect(id: string): void {
      const rooms = this.sids.get(id);
      const socket = this.namespace.sockets.get(id);
      if (!rooms || !socket) return;
      const client = this.engine.add(id, rooms, (listener) => options.connect(socket.conn, listener));
      this.clients.set(id, client);
    }

    private carried({ type, id, data }: Packet, opts: BroadcastOptions): PreparedEvent | undefined {
      const { flags } = opts;
      if (this.namespace.name !== '/' || !flags?.local || flags.volatile) return undefined;
      if (type !== EVENT || id !== undefined || !Array.isArray(data) || data.length !== 2) return undefined;
      const [name, payload] = data as unknown[];
      if (typeof name !== 'string' || !isPrepared(payload)) return undefined;
      if (!(payload instanceof LivePayload)) return { name, payload };
      // Frames are cached by the message's own payload, so that its snapshots reuse the same bytes.
      const { payload: own, producedAt, receivedAt } = payload as LivePayload<object>;
      return { name, payload: own, timed: { event: name, producedAt, receivedAt } };
    }

    /**
     * The frame of a payload, which always belongs to the same event. So the snapshots of a message
     * use the same bytes as its broadcast. The payload has it, so that both are collected together.
     */
    private frameOf({ name, payload }: PreparedEvent): Frame {
      return ((payload.made as Frame | undefined) ??= this.makeFrame(name, payload));
    }

    private makeFrame(name: string, payload: Prepared): Frame {
      if (payload instanceof JsonPayload) return Frame.ofEvent(name, payload);
      return Frame.joined(payload.list.map((one) => Frame.ofEvent(name, one)));
    }
  };
}

interface PreparedEvent {
  readonly name: string;
  readonly payload: Prepared;
  /** Present only if its latency is measured. */
  readonly timed?: TimedUpdate;
}

type Prepared = JsonPayload<object> | JsonPayloads<object>;

function isPrepared(payload: unknown): payload is Prepared {
  return payload instanceof JsonPayload || payload instanceof JsonPayloads;
}
