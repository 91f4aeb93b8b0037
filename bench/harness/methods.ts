/** What a worker process can be told to do: a method's input and output must survive a structured clone. */
export type Methods<M> = { readonly [K in keyof M]: { input: unknown; output: unknown } };

/** What goes to a worker and what comes back. */
export interface Call {
  readonly id: number;
  readonly method: string;
  readonly input: unknown;
}

export interface Answer {
  readonly id: number;
  readonly output?: unknown;
  readonly error?: string;
}
