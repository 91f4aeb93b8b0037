import * as fc from 'fast-check';
import { parseRevocation, RevocationError, revocationKey, revocationOf, Revocations } from './revocations.js';

const NOW = 1_800_000_000_000;
const token = (issuedAt: number | undefined, tokenId?: string, userId = '42') => ({
  userId,
  tokenId,
  issuedAt,
});

describe('Revocations', () => {
  let now = NOW;
  const revocations = (maxEntries?: number) =>
    new Revocations({ now: () => now, rememberMs: 60_000, maxEntries });

  beforeEach(() => (now = NOW));

  it('revokes the tokens of a user that were issued until the revocation, and none issued later', () => {
    const list = revocations();
    expect(list.add({ userId: '42', at: NOW })).toBe(true);
    const issued = [NOW / 1_000 - 9, NOW / 1_000, NOW / 1_000 + 1, undefined];
    expect(issued.map((at) => list.isRevoked(token(at)))).toEqual([true, true, false, true]);
    expect(list.isRevoked(token(1, undefined, '43'))).toBe(false);
  });

  it('revokes one token, whenever it was issued', () => {
    const list = revocations();
    list.add({ tokenId: 't', at: NOW });
    expect([list.isRevoked(token(NOW / 1_000 + 9, 't')), list.isRevoked(token(1, 'u'))]).toEqual([
      true,
      false,
    ]);
  });

  it('does not confuse the id of a user with the id of a token', () => {
    const list = revocations();
    list.add({ tokenId: '42', at: NOW });
    expect(list.isRevoked(token(1))).toBe(false);
  });

  it('keeps the later of two revocations, and reports whether it was new', () => {
    const list = revocations();
    list.add({ userId: '42', at: NOW });
    expect(list.add({ userId: '42', at: NOW - 5_000 })).toBe(false);
    expect(list.isRevoked(token(NOW / 1_000 - 1))).toBe(true);
  });

  it('forgets revocations older than any valid token, and the oldest if there are too many', () => {
    const list = revocations(2);
    expect(list.add({ userId: '1', at: NOW - 60_000 })).toBe(false);
    list.add({ userId: '2', at: NOW - 1_000 });
    now += 60_000;
    list.add({ userId: '3', at: now });
    expect(list.entries()).toHaveLength(1);
    list.add({ userId: '4', at: now });
    list.add({ userId: '5', at: now });
    expect(['3', '4', '5'].map((id) => list.isRevoked(token(1, undefined, id)))).toEqual([false, true, true]);
  });
});

describe('a message of the channel', () => {
  it.each([
    ['{"user_id":42}', { userId: '42', at: NOW }],
    ['{"user_id":"u","before":1700000000.5}', { userId: 'u', at: 1_700_000_000_500 }],
    ['{"user_id":"u","before":99999999999}', { userId: 'u', at: NOW }],
    ['{"jti":"t:1","reason":"lost phone"}', { tokenId: 't:1', at: NOW }],
    ['{"user_id":42,"jti":null,"before":null}', { userId: '42', at: NOW }],
    ['{"user_id":null,"jti":"t"}', { tokenId: 't', at: NOW }],
  ])('%s', (message, revocation) => {
    expect(parseRevocation(message, NOW)).toEqual(revocation);
  });

  it.each([
    ['', 'it is not JSON'],
    ['{', 'it is not JSON'],
    ['42', 'it is not an object'],
    ['null', 'it is not an object'],
    ['[]', 'either user_id or jti'],
    ['{}', 'either user_id or jti'],
    ['{"user_id":1,"jti":"t"}', 'either user_id or jti'],
    ['{"user_id":null}', 'either user_id or jti'],
    ['{"user_id":""}', '1 to 128 characters'],
    ['{"user_id":1.5}', '1 to 128 characters'],
    [`{"jti":"${'x'.repeat(129)}"}`, '1 to 128 characters'],
    ['{"user_id":1,"before":"yesterday"}', 'before must be seconds'],
    ['{"user_id":1,"before":-1}', 'before must be seconds'],
  ])('refuses %s', (message, problem) => {
    expect(() => parseRevocation(message, NOW)).toThrow(RevocationError);
    expect(() => parseRevocation(message, NOW)).toThrow(problem);
  });

  it.each([
    [3, 3],
    [60, 5],
  ])('a time %i s in the future counts as at most the tolerance ahead', (ahead, counted) => {
    const message = JSON.stringify({ user_id: 42, before: NOW / 1_000 + ahead });
    expect(parseRevocation(message, NOW, 5_000).at).toBe(NOW + counted * 1_000);
  });

  it('every message yields a revocation or a RevocationError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (message) => {
        try {
          const revocation = parseRevocation(message, NOW);
          expect(revocationOf(revocationKey(revocation), revocation.at)).toEqual(revocation);
        } catch (error) {
          expect(error).toBeInstanceOf(RevocationError);
        }
      }),
    );
  });
});

it.each(['', 'jti', 'jti:', ':x', 'email:x', `user:${'x'.repeat(129)}`])(
  'the key %j is not a revocation',
  (key) => {
    expect(revocationOf(key, NOW)).toBeUndefined();
  },
);
