import type { HandshakeRate, Ticket } from './handshake-rate.js';
import type { OverloadReason } from './overload-limiter.js';
import type { NotReadyReason } from './handshake-rejection.js';

export interface AdmissionOptions {
  readonly maxConnections: number;
  readonly rate: HandshakeRate;
  /** Clients that are connected. */
  readonly connections: () => number;
  /** Why the process is overloaded; undefined while it is not. */
  readonly overload: () => OverloadReason | undefined;
}

/**
 * Whether a new client is taken, and when: asked before anything is made for it. `Handshake` is what stands for one
 * attempt to connect.
 */
export class Admission<Handshake extends object> {
  /** Let through, and not yet connected: they count, or a storm would pass the cap before its first client is counted. */
  private readonly arriving = new Set<Handshake>();
  private readonly waiting = new Map<Handshake, Ticket>();
  private left = false;

  constructor(private readonly options: AdmissionOptions) {}

  /** Why nobody is taken now; undefined while clients are. */
  get refusal(): NotReadyReason | undefined {
    const { maxConnections, connections, overload } = this.options;
    if (this.left) return 'draining';
    return (
      overload() ?? (connections() + this.arriving.size >= maxConnections ? 'max_connections' : undefined)
    );
  }

  /** Handshakes that wait for their turn. */
  get queued(): number {
    return this.options.rate.size;
  }

  /**
   * @param decide is called once, with why it is refused or with nothing; never, if the handshake is `over` before
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
      // What was true when it began to wait may not be any more.
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

  /** From now on nobody is taken, and who waits is refused. */
  leave(): void {
    this.left = true;
    this.options.rate.refuseWaiting();
  }
}
