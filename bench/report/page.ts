import type { BenchOptions } from '../options.js';
import { machineLines } from './machine.js';
import { type ScenarioReport, sectionOf } from './scenario-report.js';

const METHOD = `Every server runs as one process (nginx: one worker) beside one publisher, one load generator (\`idle\` and \`capacity\`: two)
and, where it needs one, a private Redis, all on the loopback of one machine: the generator competes with the server for
its processor, and what counts are the ratios. Load generators speak WebSocket over bare sockets. All clients count what they
get, frames and bytes; some, evenly spread, also read it: **latency** is from the publisher's write to the generator's
read, both on the machine's monotonic clock, and every message carries a number, by which loss, repetition and order
are checked; what has not arrived 15 s after the last publication counts as lost. **CPU** is user and system time of the server's processes in the measured window, without Redis. The
window begins after a warm-up. Figures are medians of the runs, faults are summed.

Plain Socket.IO is what one would write without this project (\`bench/peers/plain-socket-io.ts\`): it checks and
remembers nothing, and is given rates it can carry. nats-server and nchan are the fan-out engines one might put in its
place; they speak other protocols to the clients and know neither snapshots nor the platform's rooms.`;

/** The results page, in Markdown. */
export function pageOf(reports: readonly ScenarioReport[], { quick, runs }: BenchOptions): string {
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
  return `${[
    '# Benchmarks',
    `Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)}; ${runs === 1 ? 'one run' : `medians of ${runs} runs`}.` +
      (quick ? ' **Quick**: reduced sizes and windows, not for publication.' : ''),
    machineLines()
      .map((line) => `- ${line}`)
      .join('\n'),
    METHOD,
    ...reports.map((report) => sectionOf(report, quick)),
  ].join('\n\n')}\n`;
}
