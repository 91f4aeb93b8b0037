import {
  PORTFOLIO_ROOM,
  parseTimestamp,
  type PortfolioStatus,
  type PortfolioUpdate,
  timestampProblem,
} from '../contract/index.js';
import { soon } from '../clock.js';
import type { FakeConnection } from './fake-connection.js';
import { Rejection } from './rejection.js';

interface Held {
  readonly update: PortfolioUpdate;
  /** When it arrived, ms since the epoch. */
  readonly cameAt: number;
}

/** The portfolios of all users, and who is sent them. */
export class FakePortfolios {
  private readonly held = new Map<string, Held>();
  private readonly stale = new Set<string>();
  /** The users whose clients were sent `stale`. */
  private readonly told = new Set<string>();

  /**
   * @param now the time in the format of the feed, each later than the last one
   * @param connections those that are up
   */
  constructor(
    private readonly now: () => string,
    private readonly connections: () => readonly FakeConnection[],
  ) {}

  publish(userId: string | number, fields: object): PortfolioUpdate {
    const update: PortfolioUpdate = { timestamp: this.now(), ...fields, user_id: userId };
    const problem = timestampProblem(update.timestamp);
    if (problem !== undefined) throw new TypeError(`The timestamp ${problem}`);
    const user = String(userId);
    const before = this.held.get(user)?.update;
    if (before && !isNews(update, before)) return update;
    this.held.set(user, { update, cameAt: Date.now() });
    this.stale.delete(user);
    const wasStale = this.told.delete(user);
    for (const connection of this.watching(user)) {
      if (wasStale) this.sendStatus(connection, this.statusOf(user, 'live'));
      this.sendUpdate(connection, update);
    }
    return update;
  }

  markStale(userId: string | number): void {
    const user = String(userId);
    this.lastOf(user);
    if (this.stale.has(user)) return;
    this.stale.add(user);
    for (const connection of this.watching(user)) this.tellStale(connection, user);
  }

  markLive(userId: string | number): void {
    const { timestamp: _timestamp, ...fields } = this.lastOf(String(userId));
    this.publish(userId, fields);
  }

  /**
   * @param resumes whether the client asked for what it missed
   * @throws Rejection if the client is anonymous
   */
  join(connection: FakeConnection, resumes: boolean): object {
    const user = userOf(connection);
    const update = this.held.get(user)?.update;
    const isInMemory = this.watching(user).length > 0;
    const recovery =
      isInMemory && update ? { recovered: true, replayed: 1, conflated: true } : { recovered: false };
    connection.rooms.add(PORTFOLIO_ROOM);
    connection.send('subscribed', {
      room: PORTFOLIO_ROOM,
      message: `Subscribed to ${PORTFOLIO_ROOM}`,
      ...(resumes ? recovery : {}),
    });
    const tell = (): void => {
      if (!this.watching(user).includes(connection)) return;
      const newest = this.held.get(user)?.update;
      if (newest) this.sendUpdate(connection, newest);
      if (!newest || this.stale.has(user)) this.tellStale(connection, user);
    };
    // For the first client of a user, the gateway looks in Redis, so this comes after the
    // acknowledgement.
    if (isInMemory) tell();
    else soon(tell);
    return { ok: true, rooms: [PORTFOLIO_ROOM] };
  }

  private watching(user: string): FakeConnection[] {
    return this.connections().filter(
      (connection) => connection.rooms.has(PORTFOLIO_ROOM) && connection.user?.user_id === user,
    );
  }

  private tellStale(connection: FakeConnection, user: string): void {
    this.told.add(user);
    this.sendStatus(connection, this.statusOf(user, 'stale'));
  }

  private sendUpdate(connection: FakeConnection, update: PortfolioUpdate): void {
    connection.sendNewest('portfolio:update', 'portfolio_update', update);
  }

  private sendStatus(connection: FakeConnection, status: PortfolioStatus): void {
    connection.sendNewest('portfolio:status', 'portfolio_status', status);
  }

  private statusOf(user: string, status: 'stale' | 'live'): PortfolioStatus {
    const cameAt = this.held.get(user)?.cameAt;
    if (cameAt === undefined) return { status, last_update: null, age_ms: null };
    return { status, last_update: new Date(cameAt).toISOString(), age_ms: Math.max(0, Date.now() - cameAt) };
  }

  private lastOf(user: string): PortfolioUpdate {
    const held = this.held.get(user);
    if (!held) throw new Error(`The user ${user} has no portfolio yet. Use publishPortfolio first.`);
    return held.update;
  }
}

function userOf({ user }: FakeConnection): string {
  if (user) return user.user_id;
  throw new Rejection(
    'FORBIDDEN',
    'A portfolio is for signed-in users only. Connect with a token, to a gateway that asks for tokens.',
    { details: [{ field: 'type', problem: `${PORTFOLIO_ROOM} is not allowed` }] },
  );
}

/** Whether the gateway would send it: it drops an older portfolio, and one that it has sent already. */
function isNews(update: PortfolioUpdate, before: PortfolioUpdate): boolean {
  const [time, last] = [parseTimestamp(update.timestamp)!, parseTimestamp(before.timestamp)!];
  return time > last || (time === last && JSON.stringify(update) !== JSON.stringify(before));
}
