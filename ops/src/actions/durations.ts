import type { Field, Values } from './action.js';

/** How long a temporary setting of the logs lasts. The API takes up to an hour. */
export function durationField(): Field {
  return {
    name: 'for_seconds',
    label: 'For',
    kind: 'choice',
    value: '600',
    choices: [
      ['60', '1 minute'],
      ['300', '5 minutes'],
      ['600', '10 minutes'],
      ['1800', '30 minutes'],
      ['3600', '1 hour'],
    ],
  };
}

export function secondsIn(values: Values): number {
  return Number(values.for_seconds);
}
