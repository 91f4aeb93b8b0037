/** The methods that a worker process can run. Input and output must survive a structured clone. */
export type Methods<M> = { readonly [K in keyof M]: { input: unknown; output: unknown } };

/** The messages to and from a worker. */
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
