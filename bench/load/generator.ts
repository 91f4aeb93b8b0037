import { serve } from '../harness/serve.js';
import { CrowdOfClients } from './crowd-of-clients.js';
import type { LoadMethods } from './load-methods.js';

/** A load generator: a process with many clients that counts what they receive. */
const crowd = new CrowdOfClients();

serve<LoadMethods>({
  connect: (input) => crowd.connect(input),
  reset: () => crowd.reset(),
  openWindow: () => crowd.openWindow(),
  closeWindow: () => crowd.closeWindow(),
  stall: () => crowd.stall(),
  resume: () => crowd.resume(),
  startCuts: (input) => crowd.startCuts(input),
  stopCuts: () => crowd.stopCuts(),
  settle: (input) => crowd.settle(input),
});
