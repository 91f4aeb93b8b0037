import { type ClientProfile, ClientStream, PayloadCollector, type Wire } from './client-stream.js';
import { type EventKind, eventKind } from './event-kind.js';
import { RSV1_BIT } from './frame-walker.js';
import type { Inflater, MessageObserver } from './sample.js';

/** The position of the name in a frame without an event. */
export const NO_EVENT = -1;

/** The gateway's events, each in a frame of a WebSocket. */
export abstract class EventFrames extends ClientStream {
  private readonly collector = new PayloadCollector();
  private kind: EventKind = 'other';
  private isCompressed = false;

  constructor(
    wire: Wire,
    profile: ClientProfile,
    observer: MessageObserver | undefined,
    private readonly inflater: Inflater | undefined,
  ) {
    super(wire, profile, observer);
    this.wantsPayload = observer !== undefined;
  }

  /**
   * Handles a frame without an event, or finds where the name of its event begins.
   * @param first the first byte of the frame's header
   * @param at where its payload begins
   */
  protected abstract nameAt(first: number, buffer: Buffer, at: number): number;

  /** Whether `took` is called for events of this kind. */
  protected isTaken(kind: EventKind): boolean {
    return kind === 'market';
  }

  /** A whole event. */
  protected took(_kind: EventKind, message: Buffer): void {
    this.observer?.take(message);
  }

  protected override frame(first: number, _length: number, buffer: Buffer, at: number): void {
    this.isCompressed = (first & RSV1_BIT) !== 0;
    // Only market messages are long enough to be compressed. No server of the benchmark compresses
    // others.
    if (this.isCompressed) this.kind = 'market';
    else {
      const name = this.nameAt(first, buffer, at);
      this.kind = name === NO_EVENT ? 'other' : eventKind(buffer, name);
    }
    this.countEvent(this.kind);
  }

  protected override payload(buffer: Buffer, from: number, end: number, rest: number): void {
    if (!this.isTaken(this.kind)) return;
    const whole = this.collector.add(buffer, from, end, rest);
    if (!whole) return;
    this.took(this.kind, this.isCompressed && this.inflater ? this.inflater.inflate(whole) : whole);
  }
}
