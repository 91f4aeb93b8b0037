import { Injectable } from '@nestjs/common';
import { VIEW_MODES } from '../contract/index.js';
import { MetricsGroup } from '../metrics/metrics-group.js';

/** Metrics of the views of rooms. */
@Injectable()
export class ViewsMetrics extends MetricsGroup {
  readonly views = this.gauge('views', 'Views of rooms that have members on this replica.');
  readonly viewsDerived = this.counter(
    'views_derived_total',
    'Views of chains that were computed, each for all of its clients.',
    { mode: [...VIEW_MODES] },
  );
  readonly viewUpdatesConflated = this.counter(
    'view_updates_conflated_total',
    'Updates that were not sent to a view, because a newer one replaced them before it was due.',
  );
}
