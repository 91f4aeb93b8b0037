import { roomAddress } from '../contract/index.js';
import { epoch } from '../../test/support/tokens.js';
import { Permissions } from './permissions.js';
import { principalOf } from './principal.js';
import { RoleRooms, RoleRoomsError } from '../config/role-rooms.js';
import { RoomPatterns } from '../config/room-patterns.js';

const ROOMS = [
  'general',
  'product:NIFTY',
  'product:AAPL',
  'chain:NIFTY',
  'chain:NIFTY:2026-11-26',
  'chain:AAPL',
  'chain:AAPL:2026-11-26',
];

function allowed(permissions: Permissions): string[] {
  return ROOMS.filter((room) => permissions.mayJoin(roomAddress(room)!));
}

function ofToken(claims: object, roleRooms = 'admin=*'): string[] {
  const token = { user_id: 1, exp: epoch(60), ...claims };
  return allowed(principalOf(token, RoleRooms.parse(roleRooms)).permissions);
}

const NIFTY = ['product:NIFTY', 'chain:NIFTY', 'chain:NIFTY:2026-11-26'];

describe('what a token allows', () => {
  it.each<[string, object, string | undefined, string[]]>([
    ['everything if the token has no claims about rooms', {}, undefined, ROOMS],
    ['nothing if the lists are empty', { rooms: [], products: [] }, undefined, []],
    ['all rooms of a product', { products: ['NIFTY'] }, undefined, NIFTY],
    ['rooms by name', { rooms: ['general', 'product:AAPL'] }, undefined, ['general', 'product:AAPL']],
    ['rooms by pattern', { rooms: ['product:*'] }, undefined, ['product:NIFTY', 'product:AAPL']],
    ['all chains of a product, and so each of them', { rooms: ['chain:NIFTY'] }, undefined, NIFTY.slice(1)],
    ['only one chain', { rooms: ['chain:NIFTY:2026-11-26'] }, undefined, ['chain:NIFTY:2026-11-26']],
    [
      'each chain by itself, but not the room of all chains',
      { rooms: ['chain:NIFTY:*'] },
      undefined,
      ['chain:NIFTY:2026-11-26'],
    ],
    [
      'rooms and products together',
      { rooms: ['general'], products: ['NIFTY'] },
      undefined,
      ['general', ...NIFTY],
    ],
    ['everything for an admin', { role: 'admin', rooms: [] }, undefined, ROOMS],
    ['the rooms of the role in the setting', { role: 'free' }, 'free=general', ['general']],
    [
      'the rooms of the role and those of the token',
      { role: 'free', products: ['NIFTY'] },
      'free=general',
      ['general', ...NIFTY],
    ],
    ['the rooms of user if the token has no role', {}, 'user=general', ['general']],
    ['only the rooms of user for an unknown role', { role: 'owner' }, 'user=general; admin=*', ['general']],
    ['nothing for a role without rooms', { role: 'none' }, 'none=', []],
  ])('%s', (_, claims, roleRooms, rooms) => {
    expect(ofToken(claims, roleRooms)).toEqual(rooms);
  });

  it('shows the products of which a room is allowed', () => {
    const token = { user_id: 1, exp: epoch(60), products: ['NIFTY'], rooms: ['chain:SPY'] };
    const { permissions } = principalOf(token, RoleRooms.parse(''));
    expect(['NIFTY', 'SPY', 'AAPL'].filter((symbol) => permissions.maySee(symbol))).toEqual(['NIFTY', 'SPY']);
  });
});

it.each([
  ['chain:NIFTY:*', true],
  ['chain:NIFTY:2026-11-26', true],
  ['chain:NIFTY:2026-*', true],
  ['chain:*', true],
  ['chain:N*-26', true],
  ['*TY:2026-11-26', true],
  ['chain:N', false],
  ['chain:BANKNIFTY:*', false],
  ['product:B*', false],
  ['*BANKNIFTY', false],
  ['*PL:2026-11-26', false],
])('the pattern %s shows NIFTY in the list of products: %s', (pattern, shown) => {
  const { permissions } = principalOf({ user_id: 1, exp: epoch(60), rooms: [pattern] }, RoleRooms.parse(''));
  expect(permissions.maySee('NIFTY')).toBe(shown);
});

describe('the name of a role in a token', () => {
  const LIMITED = 'admin=*; user=general';

  it.each([
    'anonymous',
    'Anonymous',
    'ANONYMOUS',
    'Admin',
    'user.',
    'constructor',
    'toString',
    'hasOwnProperty',
    'prototype',
    'undefined',
    'null',
    '0',
    'r'.repeat(63),
  ])('%s grants no more than user', (role) => {
    expect(ofToken({ role }, LIMITED)).toEqual(['general']);
  });

  it('null is the same as no role', () => {
    expect(ofToken({ role: null }, LIMITED)).toEqual(['general']);
  });

  it.each<[unknown]>([
    [''],
    [' '],
    ['*'],
    ['__proto__'],
    [' admin'],
    ['admin '],
    ['admin\n'],
    ['admin\0'],
    ['admin=*'],
    ['admin,user'],
    ['user;admin'],
    ['ádmin'],
    ['r'.repeat(64)],
    ['r'.repeat(8_000)],
    [['admin']],
    [['anonymous']],
    [[]],
    [{}],
    [{ toString: 'admin' }],
    [0],
    [1],
    [true],
    [false],
  ])('%j is refused', (role) => {
    expect(() => ofToken({ role }, LIMITED)).toThrow('has a role that is not');
  });

  it('anonymous grants the rooms of anonymous in the setting, if there are any', () => {
    expect(ofToken({ role: 'anonymous' }, 'user=general; anonymous=product:NIFTY')).toEqual([
      'product:NIFTY',
    ]);
  });
});

describe('RoleRooms', () => {
  it('does not restrict clients without a token, unless it names anonymous', () => {
    expect(RoleRooms.parse('user=general').withoutToken).toBeUndefined();
    const rooms = RoleRooms.parse('anonymous=product:*').withoutToken;
    expect(['general', 'product:X'].map((room) => rooms?.allow(room))).toEqual([false, true]);
  });

  it.each([
    ['=general', 'must begin with the name of a role'],
    ['a b=general', 'must begin with the name of a role'],
    ['user', 'must have one ='],
    ['user=a=b', 'must have one ='],
    ['user=a;user=b', 'is defined twice'],
    ['user=pro duct', 'has a pattern that matches no room'],
    ['user=**', 'has a pattern that matches no room'],
  ])('refuses %s', (text, problem) => {
    expect(() => RoleRooms.parse(text)).toThrow(RoleRoomsError);
    expect(() => RoleRooms.parse(text)).toThrow(problem);
  });
});

it('a pattern has no special characters of regular expressions', () => {
  expect(new RoomPatterns(['product:A.B*']).allow('product:AxB')).toBe(false);
  expect(new RoomPatterns(['product:A.B*']).allow('product:A.BC')).toBe(true);
  for (const pattern of ['', 'a b', 'a/b', '(a+)+', '*a*', 7, null])
    expect(RoomPatterns.isPattern(pattern)).toBe(false);
});
