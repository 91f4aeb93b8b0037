import { readTarget } from './client-target.js';

it.each([
  [{ client_id: 'a' }],
  [{ user: 'u' }],
  [{ room: 'general' }],
  [{ everyone: true }],
  [{ user: 'u', text: 'other fields do not matter' }],
])('%j names whom an action is for', (value) => {
  expect(value).toMatchObject(readTarget(value)!);
});

it.each([
  [{}],
  [{ user: '' }],
  [{ user: 'u'.repeat(257) }],
  [{ user: 7 }],
  [{ user: ['u'] }],
  [{ user: null }],
  [{ everyone: false }],
  [{ everyone: 'true' }],
  [{ user: 'u', everyone: true }],
  [{ client_id: 'a', room: 'general' }],
])('%j does not', (value) => expect(readTarget(value)).toBeUndefined());
