import { setTimeout as delay } from 'node:timers/promises';
import { monotonicUs } from '../harness/monotonic.js';
import { Client } from './client.js';
import { Cuts } from './cuts.js';
import { LatencyHistogram } from './latency-histogram.js';
import type { Connected, Crowd, CutPlan, LoadWindow, Settled, SettleInput } from './load-methods.js';
import { numberInJson, numberInMessagePack, Sample } from './sample.js';
import { noFaults, SequenceCheck, type SequenceFaults } from './sequence-check.js';

const CONNECT_QUIET_MS = 15_000;

/** All clients of a load generator. */
export class CrowdOfClients {
  private readonly clients: Client[] = [];
  private readonly stallable: Client[] = [];
  private readonly latencies = new LatencyHistogram();
  private readonly resumes = { notRecovered: 0, catchUps: new LatencyHistogram() };
  private readonly faults = noFaults();
  private readonly stalledFaults = noFaults();
  private cuts: Cuts | undefined;
  private closed = 0;
  private window = { startedUs: 0, deliveries: 0, bytes: 0 };

  /**
   * Connects all clients. Resolves when each has everything that its profile waits for, or when
   * nothing changes any more.
   */
  async connect(crowd: Crowd): Promise<Connected> {
    const firstUs = monotonicUs();
    let lastUs = firstUs;
    let ready = 0;
    let opened = 0;
    const openNext = () => {
      if (opened < this.clients.length) this.clients[opened++]?.open();
    };
    const events = {
      ready: () => {
        ready++;
        lastUs = monotonicUs();
        openNext();
      },
      closed: () => {
        this.closed++;
        lastUs = monotonicUs();
        openNext();
      },
    };
    const { length } = crowd.profileOf;
    const numberOf = crowd.dialect.endsWith('messagepack') ? numberInMessagePack : numberInJson;
    for (const [index, profileIndex] of crowd.profileOf.entries()) {
      const profile = crowd.profiles[profileIndex]!;
      const stalls = isChosen(index, length, crowd.stallable, 1);
      const sample = stalls
        ? new Sample(new SequenceCheck(crowd.products, this.stalledFaults), undefined, numberOf)
        : isChosen(index, length, crowd.sampled, 0)
          ? new Sample(new SequenceCheck(crowd.products, this.faults), this.latencies, numberOf)
          : undefined;
      const client = new Client(profile, sample, crowd, events, this.resumes);
      this.clients.push(client);
      if (stalls) this.stallable.push(client);
    }
    for (let i = 0; i < crowd.connectingAtOnce; i++) openNext();
    while (ready + this.closed < length && monotonicUs() - lastUs < CONNECT_QUIET_MS * 1000) await delay(5);
    return { firstUs, lastUs, ready };
  }

  reset(): void {
    for (const client of this.clients) client.reset();
    this.resumes.notRecovered = 0;
    this.resumes.catchUps.clear();
    Object.assign(this.faults, noFaults());
    Object.assign(this.stalledFaults, noFaults());
  }

  openWindow(): void {
    this.latencies.clear();
    this.window = { startedUs: monotonicUs(), deliveries: this.deliveries(), bytes: this.bytes() };
  }

  closeWindow(): LoadWindow {
    return {
      seconds: (monotonicUs() - this.window.startedUs) / 1e6,
      deliveries: this.deliveries() - this.window.deliveries,
      bytes: this.bytes() - this.window.bytes,
      latencies: this.latencies.counts(),
    };
  }

  stall(): void {
    for (const client of this.stallable) client.stall();
  }

  resume(): void {
    for (const client of this.stallable) client.resume();
  }

  startCuts(plan: CutPlan): void {
    this.cuts = new Cuts(plan);
    this.cuts.start(this.clients);
  }

  stopCuts(): { readonly cuts: number } {
    this.cuts?.stop();
    return { cuts: this.cuts?.count ?? 0 };
  }

  /** Waits until every client has everything, and returns the failures. */
  async settle({ published, newest, quietMs, timeoutMs }: SettleInput): Promise<Settled> {
    const due = new Map(
      [...new Set(this.clients.map(({ profile }) => profile))].map((profile) => [
        profile,
        profile.keys.reduce((sum, key) => sum + (published[key] ?? 0), 0),
      ]),
    );
    const stalling = new Set(this.stallable);
    const counted = this.clients.filter((client) => !stalling.has(client));
    const isComplete = () =>
      counted.every((client) => client.market >= due.get(client.profile)!) &&
      this.stallable.every((client) => client.sample!.check.isUpToDate(client.profile.keys, newest));
    const deadline = monotonicUs() + timeoutMs * 1000;
    let bytes = this.bytes();
    for (let changedUs = monotonicUs(); !isComplete() && monotonicUs() < deadline; await delay(20)) {
      if (this.bytes() !== bytes) changedUs = monotonicUs();
      else if (monotonicUs() - changedUs > quietMs * 1000) break;
      bytes = this.bytes();
    }
    // Duplicates may arrive late.
    await delay(100);
    let lost = 0;
    let surplus = 0;
    for (const client of counted) {
      const balance = due.get(client.profile)! - client.market;
      if (balance > 0) lost += balance;
      else surplus -= balance;
    }
    const stale = this.stallable.filter(
      (client) => !client.sample!.check.isUpToDate(client.profile.keys, newest),
    ).length;
    const sampled = counted.filter(({ sample }) => sample);
    const intact = sampled.filter(
      ({ sample, profile }) => sample!.check.isIntact && sample!.check.isUpToDate(profile.keys, newest),
    );
    const { older, twice }: SequenceFaults = this.stalledFaults;
    return {
      due: counted.reduce((sum, client) => sum + due.get(client.profile)!, 0),
      lost,
      surplus,
      faults: { ...this.faults },
      intact: intact.length,
      sampled: sampled.length,
      notRecovered: this.resumes.notRecovered,
      catchUps: this.resumes.catchUps.counts(),
      closed: this.closed,
      errors: this.clients.reduce((sum, { errors }) => sum + errors, 0),
      stalled: { stale, older, twice },
    };
  }

  private deliveries(): number {
    return this.clients.reduce((sum, { market }) => sum + market, 0);
  }

  private bytes(): number {
    return this.clients.reduce((sum, client) => sum + client.bytes, 0);
  }
}

/** Whether `index` is one of `chosen` evenly spread indexes below `length`, shifted by `offset`. */
function isChosen(index: number, length: number, chosen: number, offset: number): boolean {
  if (chosen === 0) return false;
  return (index - offset) % Math.max(1, Math.floor(length / chosen)) === 0 && index >= offset;
}
