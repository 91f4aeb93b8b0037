import type { HandshakeRate, Ticket } from './handshake-rate.js';
import type { OverloadReason } from './overload-limiter.js';
import type { NotReadyReason } from './handshake-rejection.js';

interface AdmissionOptions {
  readonly maxConnections: number;
  readonly rate: HandshakeRate;
  /** Clients that are connected. */
  readonly connections: () => number;
  /** Why the process is overloaded; undefined if it is not. */
  readonly overload: () => OverloadReason | undefined;
}

/**
 * Decides whether and when a new client is admitted, before anything is allocated for it.
 * `Handshake` represents one attempt to connect.
 */
export class Admission<Handshake extends object> {
  /**
   * Handshakes that were admitted but are not connected yet. They count towards `maxConnections`:
   * otherwise a burst of handshakes could exceed it before the first client is connected.
   */
  private readonly arriving = new Set<Handshake>();
  private readonly waiting = new Map<Handshake, Ticket>();
  private left = false;

  constructor(private readonly options: AdmissionOptions) {}

  /** Why new clients are refused now; undefined while they are admitted. */
  get refusal(): NotReadyReason | undefined {
    const { maxConnections, connections, overload } = this.options;
    if (this.left) return 'draining';
    return (
      overload() ?? (connections() + this.arriving.size >= maxConnections ? 'max_connections' : undefined)
    );
  }

  /** The number of handshakes that wait for their turn. */
  get queued(): number {
    return this.options.rate.size;
  }

  /**
   * @param decide is called once: with the reason of the refusal, or with undefined if the client
   * is admitted. It is never called if `over(handshake)` comes first.
   */
  ask(handshake: Handshake, decide: (refusal: NotReadyReason | undefined) => void): void {
    const { refusal } = this;
    if (refusal !== undefined) {
      decide(refusal);
      return;
    }
    let decided = false;
    const ticket = this.options.rate.take((passed) => {
      decided = true;
      this.waiting.delete(handshake);
      // The state may have changed while the handshake waited.
      const reason = this.refusal ?? (passed ? undefined : 'rate');
      if (reason === undefined) this.arriving.add(handshake);
      decide(reason);
    });
    if (!decided) this.waiting.set(handshake, ticket);
  }

  /** The handshake has become a connection, has failed, or was given up by its client. */
  over(handshake: Handshake): void {
    this.arriving.delete(handshake);
    this.waiting.get(handshake)?.cancel();
    this.waiting.delete(handshake);
  }

  /** From now on every new client is refused, and so are those that already wait. */
  leave(): void {
    this.left = true;
    this.options.rate.refuseWaiting();
  }
}
