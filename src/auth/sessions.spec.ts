import { ManualClock } from '../../test/support/manual-clock.js';
import type { Principal } from './principal.js';
import { Permissions } from './permissions.js';
import { Sessions } from './sessions.js';

const DAY_S = 86_400;

describe('Sessions', () => {
  const EPOCH = 1_800_000_000;
  let clock: ManualClock;
  let skew: number;
  let log: string[];
  let sessions: Sessions<string>;

  const now = () => EPOCH * 1_000 + clock.now() + skew;
  const principal = (life: number, userId = '1'): Principal => ({
    userId,
    tokenId: undefined,
    role: 'user',
    issuedAt: undefined,
    expiresAt: Math.floor(now() / 1_000) + life,
    permissions: Permissions.all,
  });

  beforeEach(() => {
    clock = new ManualClock();
    skew = 0;
    log = [];
    sessions = new Sessions({
      clock,
      now,
      noticeMs: 60_000,
      toleranceMs: 5_000,
      random: () => 0,
      tell: (client, { expiresAt }) => log.push(`${client} notified, ${expiresAt * 1_000 - now()} ms left`),
      expire: (client) => log.push(`${client} expired`),
    });
  });

  it('notifies a client before its token expires, and ends the session after the tolerance', () => {
    sessions.start('a', principal(300));
    clock.advance(239_999);
    expect(log).toEqual([]);
    clock.advance(1);
    expect(log).toEqual(['a notified, 60000 ms left']);
    clock.advance(64_999);
    expect(log).toHaveLength(1);
    clock.advance(1);
    expect(log.at(-1)).toBe('a expired');
    expect([sessions.size, clock.pending]).toEqual([0, 0]);
  });

  it('notifies a client at once if its token is about to expire, but in a later turn', () => {
    sessions.start('a', principal(10));
    expect(log).toEqual([]);
    clock.advance(0);
    expect(log).toEqual(['a notified, 10000 ms left']);
  });

  it('continues the session with a new token, even if that one expires earlier', () => {
    sessions.start('a', principal(300));
    clock.advance(250_000);
    sessions.start('a', principal(3_600));
    clock.advance(3_000_000);
    expect(log).toEqual(['a notified, 60000 ms left']);
    sessions.start('a', principal(100));
    clock.advance(105_000);
    expect(log).toEqual(['a notified, 60000 ms left', 'a notified, 50000 ms left', 'a expired']);
  });

  it('does not notify a client in a loop if it renews its session with the same token', () => {
    const same = principal(60);
    sessions.start('a', same);
    const notifiedAt: number[] = [];
    for (let n = 0; n <= 65; n++) {
      clock.advance(n === 0 ? 0 : 1_000);
      if (log.some((line) => line.includes('notified'))) {
        notifiedAt.push(n);
        log.length = 0;
        sessions.start('a', same);
      }
    }
    expect(notifiedAt).toEqual([0, 30, 45, 53, 57, 59]);
    expect(log).toEqual(['a expired']);
  });

  it('keeps nothing of a disconnected client', () => {
    sessions.start('a', principal(300));
    sessions.end('a');
    sessions.end('b');
    expect([sessions.size, clock.pending]).toEqual([0, 0]);
  });

  it('handles lifetimes longer than any timer, and follows the wall clock', () => {
    sessions.start('a', principal(60 * DAY_S));
    clock.advance(59 * DAY_S * 1_000);
    expect(log).toEqual([]);
    skew = DAY_S * 1_000; // the clock of the machine is corrected
    clock.advance(60_000);
    expect(log.map((line) => line.split(',')[0])).toEqual(['a notified', 'a expired']);
  });

  it('finds the clients that a revocation concerns', () => {
    sessions.start('a', principal(300));
    sessions.start('b', principal(300, '2'));
    sessions.start('c', principal(300));
    expect(sessions.matching(({ userId }) => userId === '1')).toEqual(['a', 'c']);
    expect(sessions.principalOf('b')?.userId).toBe('2');
  });

  it('spreads the notices of clients whose tokens expire together', () => {
    const notices: number[] = [];
    const spread = new Sessions<number>({
      clock,
      now,
      noticeMs: 60_000,
      toleranceMs: 0,
      random: Math.random,
      tell: () => notices.push(clock.now()),
      expire: () => undefined,
    });
    for (let client = 0; client < 100; client++) spread.start(client, principal(300));
    clock.advance(300_000);
    expect(notices).toHaveLength(100);
    expect(Math.max(...notices) - Math.min(...notices)).toBeGreaterThan(10_000);
  });
});
