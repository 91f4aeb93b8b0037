import type { Collected, ReportKind } from '../../operations/worker-reports.js';

/** What the primary sends to a worker. */
export type ToWorker =
  /** `othersServe`: other workers go on, so this one stops accepting connections at once. */
  | { readonly kind: 'stop'; readonly othersServe: boolean }
  | { readonly kind: 'ping' }
  | { readonly kind: 'report'; readonly id: number; readonly of: ReportKind }
  | { readonly kind: 'answer'; readonly id: number; readonly collected: Collected };

/** What a worker sends to the primary. */
export type ToPrimary =
  /** It listens, and has the feed or has waited for it. */
  | { readonly kind: 'serving' }
  /** It cannot start, for a reason that another worker would have as well. */
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'pong' }
  | { readonly kind: 'reported'; readonly id: number; readonly report: unknown }
  /** Its metrics, in case it is not asked again before it ends. */
  | { readonly kind: 'metrics'; readonly report: unknown }
  | { readonly kind: 'ask'; readonly id: number; readonly of: ReportKind };
