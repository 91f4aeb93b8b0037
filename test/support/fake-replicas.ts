import { RateLimitedLog } from '../../src/logging/rate-limited-log.js';
import { ReplicaBus } from '../../src/replicas/replica-bus.js';
import { ReplicaCalls } from '../../src/replicas/replica-calls.js';
import { Roster } from '../../src/replicas/roster.js';
import { type GatewayServer, REPLICA_EVENT } from '../../src/transports/socket-io/socket-server.js';
import type { FakeClock } from './fake-clock.js';

type Receive = (message: unknown) => void;

/** Replicas whose messages reach each other in the same turn, without Redis. */
export class FakeReplicas {
  /** The messages that were sent, in order. */
  readonly sent: { readonly from: string; readonly kind: string; readonly body: object }[] = [];
  readonly faults: string[] = [];
  /** Why Redis does not work. */
  problem: string | undefined;
  private readonly receivers = new Map<string, Receive>();
  private readonly known = new Map<string, Receive>();

  constructor(readonly clock: FakeClock) {}

  /** Starts a replica. Its modules listen, but it does not say hello. */
  add(name: string): { bus: ReplicaBus; roster: Roster; calls: ReplicaCalls; server: GatewayServer } {
    const server = {
      on: (_: string, receive: Receive) => {
        this.receivers.set(name, receive);
        this.known.set(name, receive);
      },
      serverSideEmit: (event: string, message: unknown) => {
        expect(event).toBe(REPLICA_EVENT);
        this.send(name, message);
      },
    } as unknown as GatewayServer;
    const log = new RateLimitedLog({ warn: (_, fault) => void this.faults.push(fault) }, () => 0, 0);
    const bus = new ReplicaBus(name, server, log);
    const roster = new Roster(bus, { problem: () => this.problem, listen: () => undefined }, this.clock);
    const calls = new ReplicaCalls(bus, roster, this.clock);
    for (const part of [bus, roster, calls]) part.onModuleInit();
    return { bus, roster, calls, server };
  }

  /** The replica receives and sends again. */
  restore(name: string): void {
    this.receivers.set(name, this.known.get(name)!);
  }

  /** From now on, the replica receives nothing and its messages are lost. */
  cut(name: string): void {
    this.receivers.delete(name);
  }

  /** Delivers a message to all replicas but one, as JSON. */
  send(from: string, message: unknown): void {
    const text = JSON.stringify(message);
    this.sent.push(JSON.parse(text) as (typeof this.sent)[number]);
    if (!this.receivers.has(from)) return;
    for (const [name, receive] of this.receivers) if (name !== from) receive(JSON.parse(text));
  }
}
