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
])('auth with %s asks for no batches', (_, auth) => {
  expect(handshakeOptions(auth)).toEqual({});
});

it('keeps the option and forgets the token', () => {
  expect(handshakeOptions({ token: 'secret', statuses: 'batch' })).toEqual({ statuses: 'batch' });
});

it('gives all clients with the same options the same object', () => {
  expect(handshakeOptions({ statuses: 'batch' })).toBe(handshakeOptions({ statuses: 'batch', token: 'x' }));
  expect(handshakeOptions({})).toBe(handshakeOptions(undefined));
});
