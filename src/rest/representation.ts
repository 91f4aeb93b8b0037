/** The formats of the HTTP API, the default one first. */
export const FORMATS = ['json', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** A resource as it is now, in each format. The texts are made only if a client needs them. */
export interface Representation {
  /** The name of the file if a browser saves it, without its extension. */
  readonly fileName: string;
  /** Whether many clients ask for this very resource, so that its body is worth keeping. */
  readonly isShared: boolean;
  /** What the content depends on: the tags of its updates, and statuses. */
  readonly content: readonly string[];
  json(): string;
  csv(): string;
}
