import { handshakeOptions } from './handshake-options.js';

it.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'batch'],
  ['a list', ['batch']],
  ['a token only', { token: 'secret' }],
  ['another value', { statuses: 'each' }],
  ['a list of values', { statuses: ['batch'] }],
  ['an object', { statuses: { toString: 'batch' } }],
  ['an inherited field', Object.create({ statuses: 'batch' })],
])('auth with %s leaves the options at their defaults', (_, auth) => {
  expect(handshakeOptions(auth)).toEqual({});
});

it('returns the option without the token', () => {
  expect(handshakeOptions({ token: 'secret', statuses: 'batch' })).toEqual({ statuses: 'batch' });
});

it('returns the same object for the same options', () => {
  expect(handshakeOptions({ statuses: 'batch' })).toBe(handshakeOptions({ statuses: 'batch', token: 'x' }));
  expect(handshakeOptions({})).toBe(handshakeOptions(undefined));
});
