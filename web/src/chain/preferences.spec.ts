import { loadPreferences, savePreferences } from './preferences.js';

function storage(text?: string): Storage {
  let stored = text ?? null;
  return {
    getItem: () => stored,
    setItem: (_: string, value: string) => (stored = value),
  } as unknown as Storage;
}

const DEFAULTS = { hidden: new Set(), greeks: false, strikes: 20 };

it('are remembered', () => {
  const kept = storage();
  const preferences = { hidden: new Set(['bid', 'ask'] as const), greeks: true, strikes: 'all' } as const;
  savePreferences(kept, preferences);
  expect(loadPreferences(kept)).toEqual(preferences);
});

it.each([
  undefined,
  'rubbish',
  'null',
  '[]',
  '{"hidden":5,"greeks":"yes","strikes":7}',
  '{"hidden":["nothing"]}',
])('are the defaults for %j', (text) => expect(loadPreferences(storage(text))).toEqual(DEFAULTS));

it('need no storage', () => {
  savePreferences(undefined, { hidden: new Set(), greeks: true, strikes: 5 });
  expect(loadPreferences(undefined)).toEqual(DEFAULTS);
});
