import type { ReplicaFailure } from '../api/answers.js';

export type Values = Readonly<Record<string, string>>;

/** A field of an action's form. All values are texts; a checkbox is `yes` or empty. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: 'text' | 'long text' | 'number' | 'choice' | 'checkbox' | 'url';
  readonly value?: string;
  readonly hint?: string;
  readonly isRequired?: boolean;
  readonly min?: number;
  readonly max?: number;
  /** The most characters. */
  readonly longest?: number;
  readonly choices?: readonly (readonly [value: string, label: string])[];
  /** Whether the field applies, given the values of the others. */
  isShown?(values: Values): boolean;
}

/** What an action did. */
export interface Outcome {
  readonly done: string;
  readonly missing?: readonly string[];
  readonly failed?: readonly ReplicaFailure[];
}

/** Something that an operator can do to clients or replicas. */
export interface Action {
  readonly title: string;
  /** Whether it takes something away from clients. */
  readonly isDangerous: boolean;
  readonly fields?: readonly Field[];
  /** The words on the button that does it. */
  confirm(values: Values): string;
  /** One or two sentences that say what it does, and to whom. */
  describe(values: Values): string;
  /** Says how many clients it concerns at this moment, if that has to be asked. */
  preview?(values: Values): Promise<string> | undefined;
  /** @throws ApiError */
  run(values: Values): Promise<Outcome>;
}

/** How complete the outcome is: the sentences that must not be missed. */
export function shortfallOf({ missing = [], failed = [] }: Outcome): string[] {
  return [
    ...(missing.length > 0
      ? [`No answer from ${missing.join(', ')}: it may not have happened there. Check, and try again.`]
      : []),
    ...failed.map(({ replica, problem }) => `Failed on ${replica}: ${problem}`),
  ];
}
