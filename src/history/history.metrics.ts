import { Injectable } from '@nestjs/common';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of the streams of past updates. */
@Injectable()
export class HistoryMetrics extends MetricsGroup {
  readonly historyWrites = this.counter('history_writes_total', 'Entries written to the history.', {
    kind: ['update', 'bar', 'opening', 'portfolio'],
  });
  readonly historySkipped = this.counter(
    'history_skipped_total',
    'Updates that the history already had when this replica wrote them.',
  );
  readonly historyGaps = this.counter(
    'history_gaps_total',
    'Entries of the history that were marked because updates before them may be missing.',
  );
  readonly historyErrors = this.counter('history_errors_total', 'Failed calls to the history.', {
    operation: ['read', 'write'],
  });
  readonly historyUnreadable = this.counter(
    'history_unreadable_total',
    'Entries of the history that were left out because another program has added them.',
  );
  readonly historyRequests = this.counter('history_requests_total', 'Pages of history sent to clients.', {
    resolution: ['raw', '1m', '5m', '1h'],
  });
  readonly historyRows = this.counter('history_rows_total', 'Rows in the pages sent to clients.');
  readonly resumes = this.counter(
    'resumes_total',
    'Rooms that clients joined with `since`, by where the missed updates came from.',
    { source: ['memory', 'store', 'newest', 'not_recovered'] },
  );
  readonly replayed = this.counter('replayed_total', 'Missed updates sent to clients that resumed.');
}
