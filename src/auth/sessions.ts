import type { Clock, Timer } from '../common/clock.js';
import type { Principal } from './principal.js';

export interface SessionsOptions<Client> {
  readonly clock: Clock;
  /** Wall clock, ms since the epoch: what tokens expire by. */
  readonly now: () => number;
  /** How long before its expiry a client is told, ms. */
  readonly noticeMs: number;
  /** How long a token is good beyond its expiry, ms: the clocks' tolerance. */
  readonly toleranceMs: number;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  readonly tell: (client: Client, principal: Principal) => void;
  readonly expire: (client: Client) => void;
}

interface Session {
  readonly principal: Principal;
  timer: Timer | undefined;
}

/** Clients that were given the same lifetime together should not all be told, and ask for new tokens, together. */
const NOTICE_SPREAD = 0.25;
/**
 * From a renewal to the next notice, ms, and at least half of what is left: who answers each notice by the token that it has,
 * or by one that lives no longer than the notice, would be told as fast as it answers.
 */
const SHORTEST_PAUSE_MS = 1_000;
/**
 * Timers hold 24 days at most, and count by another clock than tokens do, which may stand still while that goes on: for so long
 * a session may outlive its token after the machine was suspended, or its clock put right.
 */
const LONGEST_WAIT_MS = 60_000;

/** The clients that are here by a token, for as long as it is good. */
export class Sessions<Client> {
  private readonly sessions = new Map<Client, Session>();

  constructor(private readonly options: SessionsOptions<Client>) {}

  get size(): number {
    return this.sessions.size;
  }

  principalOf(client: Client): Principal | undefined {
    return this.sessions.get(client)?.principal;
  }

  /** The client is here by this token from now on, whatever it was here by before. */
  start(client: Client, principal: Principal): void {
    const isRenewed = this.sessions.has(client);
    this.end(client);
    const session: Session = { principal, timer: undefined };
    this.sessions.set(client, session);
    const { noticeMs, random, now } = this.options;
    const end = principal.expiresAt * 1_000;
    const notice = end - noticeMs * (1 + random() * NOTICE_SPREAD);
    const earliest = isRenewed ? now() + Math.max(SHORTEST_PAUSE_MS, (end - now()) / 2) : 0;
    if (earliest < end) this.awaitNotice(client, session, Math.max(notice, earliest));
    else this.awaitEnd(client, session);
  }

  end(client: Client): void {
    this.sessions.get(client)?.timer?.cancel();
    this.sessions.delete(client);
  }

  /** Those whose token `matches`. */
  matching(matches: (principal: Principal) => boolean): Client[] {
    return [...this.sessions].flatMap(([client, { principal }]) => (matches(principal) ? [client] : []));
  }

  private awaitNotice(client: Client, session: Session, time: number): void {
    this.at(session, time, () => {
      this.awaitEnd(client, session);
      this.options.tell(client, session.principal);
    });
  }

  private awaitEnd(client: Client, session: Session): void {
    this.at(session, session.principal.expiresAt * 1_000 + this.options.toleranceMs, () => {
      this.end(client);
      this.options.expire(client);
    });
  }

  /** Runs `task` when the wall clock shows `time`; at once, in a turn of its own, where it is past. */
  private at(session: Session, time: number, task: () => void): void {
    const { clock, now } = this.options;
    const left = Math.max(0, time - now());
    session.timer = clock.after(Math.min(left, LONGEST_WAIT_MS), () => {
      if (time - now() > 0) this.at(session, time, task);
      else task();
    });
  }
}
