import type { Clock, Timer } from '../common/clock.js';

/** How often each client is visited, ms. A client gets at most one probe in this time. */
const VISIT_MS = 1_000;
/** The clients are visited in as many parts, so that their probes are not sent all at once. */
const PARTS = 20;
/** The messages for one probe, on average. */
const MESSAGES_PER_PROBE = 1_000;
/** An answer that takes longer does not count, ms. Until then the client gets no other probe. */
export const PROBE_EXPIRES_MS = 30_000;

/**
 * What the fan-out engine knows of a client. `cursor` counts the messages to its group of clients,
 * and `replies` those to this client only.
 */
export interface ProbedReceiver {
  readonly group: object | undefined;
  readonly cursor: number;
  readonly replies: number;
}

export interface LatencyProbesOptions<Client> {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** From 0 up to 1, like Math.random. */
  readonly random: () => number;
  /** Makes an id that no client can guess: otherwise it could answer before it has the probe. */
  readonly makeId: () => string;
  /** Sends a probe behind everything that waits for the client. */
  readonly send: (client: Client, id: string) => void;
}

/**
 * What became of an echo. Only `answered` is measured. `late`: the probe had expired. `duplicate`:
 * it answers the last probe again. `unknown`: it answers no probe, or its client gets none.
 */
export const ECHO_RESULTS = ['answered', 'late', 'duplicate', 'unknown', 'malformed'] as const;
export type EchoResult = (typeof ECHO_RESULTS)[number];

/** `ms`: the time since the probe was sent, only for `answered`. */
export type Echo =
  { readonly result: 'answered'; readonly ms: number } | { readonly result: Exclude<EchoResult, 'answered'> };

/** A client that asked for probes. */
interface Probed<Client> {
  readonly client: Client;
  readonly receiver: ProbedReceiver;
  readonly part: Set<Probed<Client>>;
  /** Where the receiver was at the last visit. */
  group: object | undefined;
  cursor: number;
  replies: number;
  /** The messages until the next probe. */
  due: number;
  /** The probe that waits for its answer, and when it was sent. */
  id: string | undefined;
  sentAt: number;
  /** The probe before it, and whether it was answered in time. */
  last: string | undefined;
  wasAnswered: boolean;
}

/**
 * Measures the round trip of clients that asked for it, sampled. Each message to such a client is
 * followed by a probe with the probability 1/1,000. Nothing is done per message: once a second, a
 * visit reads how many messages the client was sent, and subtracts them from the random distance to
 * its next probe.
 *
 * A client that no longer answers has one probe at a time, and so does one that invents answers.
 */
export class LatencyProbes<Client extends object> {
  private readonly clients = new Map<Client, Probed<Client>>();
  private readonly parts = Array.from({ length: PARTS }, () => new Set<Probed<Client>>());
  private next = 0;
  private timer: Timer | undefined;
  private stopped = false;

  constructor(private readonly options: LatencyProbesOptions<Client>) {}

  /** The number of clients that asked for probes. */
  get size(): number {
    return this.clients.size;
  }

  add(client: Client, receiver: ProbedReceiver): void {
    if (this.stopped || this.clients.has(client)) return;
    const part = this.parts[Math.floor(this.options.random() * PARTS)]!;
    const { group, cursor, replies } = receiver;
    const probed = { client, receiver, part, group, cursor, replies, due: this.distance() };
    const added = { ...probed, id: undefined, sentAt: 0, last: undefined, wasAnswered: false };
    this.clients.set(client, added);
    part.add(added);
    this.timer ??= this.options.clock.after(VISIT_MS / PARTS, this.tick);
  }

  remove(client: Client): void {
    const probed = this.clients.get(client);
    if (!probed) return;
    this.clients.delete(client);
    probed.part.delete(probed);
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** @param id what the client sent as the id of the probe that it answers */
  echo(client: Client, id: unknown): Echo {
    if (typeof id !== 'string') return { result: 'malformed' };
    const probed = this.clients.get(client);
    if (probed?.id === id) {
      const ms = this.options.clock.now() - probed.sentAt;
      this.close(probed, ms < PROBE_EXPIRES_MS);
      return probed.wasAnswered ? { result: 'answered', ms } : { result: 'late' };
    }
    if (probed?.last === id) return { result: probed.wasAnswered ? 'duplicate' : 'late' };
    return { result: 'unknown' };
  }

  private readonly tick = (): void => {
    this.timer = undefined;
    const part = this.parts[this.next]!;
    this.next = (this.next + 1) % PARTS;
    for (const probed of part) this.visit(probed);
    if (this.clients.size > 0 && !this.stopped)
      this.timer = this.options.clock.after(VISIT_MS / PARTS, this.tick);
  };

  private visit(probed: Probed<Client>): void {
    const { receiver } = probed;
    const { group, cursor, replies } = receiver;
    probed.due -= replies - probed.replies;
    // After a change of rooms the cursor counts the messages to another group.
    if (group !== undefined && group === probed.group) probed.due -= cursor - probed.cursor;
    probed.group = group;
    probed.cursor = cursor;
    probed.replies = replies;
    if (probed.due > 0) return;
    probed.due = this.distance();
    const now = this.options.clock.now();
    if (probed.id !== undefined) {
      if (now - probed.sentAt < PROBE_EXPIRES_MS) return;
      this.close(probed, false);
    }
    const id = this.options.makeId();
    probed.id = id;
    probed.sentAt = now;
    this.options.send(probed.client, id);
    probed.replies = receiver.replies; // the probe itself is not followed by a probe
  }

  private close(probed: Probed<Client>, wasAnswered: boolean): void {
    probed.last = probed.id;
    probed.wasAnswered = wasAnswered;
    probed.id = undefined;
  }

  /** The messages until the next probe: at least 1, and MESSAGES_PER_PROBE on average. */
  private distance(): number {
    return 1 + Math.floor(Math.log(1 - this.options.random()) / Math.log(1 - 1 / MESSAGES_PER_PROBE));
  }
}
