import type { Clock, Timer } from '../common/clock.js';
import type { Principal } from './principal.js';

interface SessionsOptions<Client> {
  readonly clock: Clock;
  /** Wall clock, ms since the epoch, by which tokens expire. */
  readonly now: () => number;
  /** How long before its token expires a client is notified, ms. */
  readonly noticeMs: number;
  /**
   * How long a token is accepted after it has expired, ms: the tolerance for differences between
   * clocks.
   */
  readonly toleranceMs: number;
  /** Returns a number from 0 up to 1, like Math.random. */
  readonly random: () => number;
  readonly tell: (client: Client, principal: Principal) => void;
  readonly expire: (client: Client) => void;
}

interface Session {
  readonly principal: Principal;
  timer: Timer | undefined;
}

/**
 * The random part of `noticeMs`: clients whose tokens expire together should not all be notified,
 * and all request new tokens, at the same moment.
 */
const NOTICE_SPREAD = 0.25;
/**
 * The shortest time from a renewal to the next notice, ms; the notice also waits for at least half
 * of the remaining lifetime. Without this pause, a client that responds to each notice with the
 * same token, or with one that lives no longer than the notice, would be notified in an endless
 * loop.
 */
const SHORTEST_PAUSE_MS = 1_000;
/**
 * The longest single timer, ms. Timers can wait for 24 days at most and use another clock than
 * tokens. That clock may stop while the machine is suspended, and it does not follow corrections of
 * the wall clock. After such an event a session may outlive its token by this time.
 */
const LONGEST_WAIT_MS = 60_000;

/** The sessions of authenticated clients, which last for as long as their tokens are valid. */
export class Sessions<Client> {
  private readonly sessions = new Map<Client, Session>();

  constructor(private readonly options: SessionsOptions<Client>) {}

  get size(): number {
    return this.sessions.size;
  }

  principalOf(client: Client): Principal | undefined {
    return this.sessions.get(client)?.principal;
  }

  /** Starts the session of a client, or continues it with a new token. */
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

  /** Returns the clients whose token `matches`. */
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

  /** Runs `task` when the wall clock reaches `time`, or in the next turn if that has passed. */
  private at(session: Session, time: number, task: () => void): void {
    const { clock, now } = this.options;
    const left = Math.max(0, time - now());
    session.timer = clock.after(Math.min(left, LONGEST_WAIT_MS), () => {
      if (time - now() > 0) this.at(session, time, task);
      else task();
    });
  }
}
