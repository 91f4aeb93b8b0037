import type { RequestUser } from '../auth/auth.service.js';
import { AuthError } from '../auth/auth-error.js';
import { Permissions } from '../auth/permissions.js';
import { RoomPatterns } from '../config/room-patterns.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { Caller } from './caller.js';
import { RequestLimiter } from './request-limiter.js';
import type { RestError } from './rest-error.js';

function callerWith(user: Partial<RequestUser>): Caller {
  const rate = { perSecond: 1, burst: 10 };
  const limiter = new RequestLimiter({
    clock: new ManualClock(),
    requests: rate,
    work: rate,
    maxCallers: 1,
  });
  const permissions = new Permissions([new RoomPatterns(['product:NIFTY'])]);
  return new Caller('user:a', { userId: 'a', permissions, checkRevoked: () => undefined, ...user }, limiter);
}

/** The body of the error that a call throws. */
function refusal(call: () => void): RestError['body'] {
  try {
    call();
  } catch (error) {
    return (error as RestError).body;
  }
  throw new Error('it was not refused');
}

it('refuses the whole request if one room is not allowed, and names only that room', () => {
  const caller = callerWith({});
  caller.require([{ type: 'product', symbol: 'NIFTY' }]);
  const both = ['NIFTY', 'AAPL'].map((symbol) => ({ type: 'product', symbol }) as const);
  const body = refusal(() => caller.require(both));
  expect(body).toMatchObject({ statusCode: 403, code: 'FORBIDDEN', rooms: ['product:AAPL'] });
  expect(body.message).toMatch(/^Your token/);
  expect(refusal(() => callerWith({ userId: undefined }).require(both)).message).toMatch(/needs a token/);
});

it('refuses work that the caller has used up', () => {
  const caller = callerWith({});
  caller.spend(8);
  const body = refusal(() => caller.spend(4));
  expect(body).toMatchObject({ statusCode: 429, code: 'RATE_LIMITED', retry_after_ms: 2_000 });
});

it('refuses a token that was revoked while the request waited', () => {
  const caller = callerWith({
    checkRevoked: () => {
      throw new AuthError('TOKEN_REVOKED', 'gone');
    },
  });
  expect(refusal(() => caller.checkRevoked())).toEqual({
    statusCode: 401,
    code: 'TOKEN_REVOKED',
    message: 'gone',
  });
});
