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
  ['another value of general', { general: 'no' }],
  ['false for general', { general: false }],
  ['false for latency_probe', { latency_probe: false }],
  ['a number for latency_probe', { latency_probe: 1 }],
  ['an inherited field', Object.create({ statuses: 'batch' })],
])('auth with %s leaves the options at their defaults', (_, auth) => {
  expect(handshakeOptions(auth)).toEqual({});
});

it('returns the option without the token', () => {
  expect(handshakeOptions({ token: 'secret', statuses: 'batch' })).toEqual({ statuses: 'batch' });
});

it('returns general and statuses, whichever of them there are', () => {
  expect(handshakeOptions({ token: 'secret', general: 'off' })).toEqual({ general: 'off' });
  const both = { general: 'off', statuses: 'batch' };
  expect(handshakeOptions(both)).toEqual(both);
  expect(handshakeOptions({ general: 'off', statuses: 'each' })).toEqual({ general: 'off' });
});

it.each([true, 'true'])('returns latency_probe for %j, alone and with the others', (latency_probe) => {
  expect(handshakeOptions({ token: 'secret', latency_probe })).toEqual({ latency_probe: true });
  const all = { general: 'off', statuses: 'batch', latency_probe };
  expect(handshakeOptions(all)).toEqual({ ...all, latency_probe: true });
});

it('returns the same object for the same options', () => {
  expect(handshakeOptions({ statuses: 'batch' })).toBe(handshakeOptions({ statuses: 'batch', token: 'x' }));
  expect(handshakeOptions({ general: 'off' })).toBe(handshakeOptions({ general: 'off', token: 'x' }));
  expect(handshakeOptions({})).toBe(handshakeOptions(undefined));
});
