import { capacity } from './capacity.js';
import { chains } from './chains.js';
import { crowd } from './crowd.js';
import { derivation } from './derivation.js';
import { encodings } from './encodings.js';
import { idle } from './idle.js';
import { jitter } from './jitter.js';
import { ladder } from './ladder.js';
import { max } from './max.js';
import { moderate } from './moderate.js';
import { quiet } from './quiet.js';
import { replicas } from './replicas.js';
import type { Row, Scenario } from './scenario.js';
import { stalled } from './stalled.js';
import { steady } from './steady.js';
import { storm } from './storm.js';
import { transports } from './transports.js';
import { views } from './views.js';
import { watchlists } from './watchlists.js';
import { workers } from './workers.js';

/** All scenarios, in the order of execution and of the report. */
export const SCENARIOS: readonly Scenario<Row>[] = [
  steady,
  moderate,
  crowd,
  transports,
  ladder,
  workers,
  max,
  quiet,
  watchlists,
  chains,
  encodings,
  views,
  derivation,
  idle,
  storm,
  jitter,
  stalled,
  capacity,
  replicas,
];
