import type { BenchOptions } from '../options.js';
import { machineLines } from './machine.js';
import { type ScenarioReport, sectionOf } from './scenario-report.js';

const METHOD = `Every server runs as one process (nginx: one worker; the rows of \`workers\` say how many) next to one
publisher, one load generator (\`crowd\`, \`ladder\`, \`workers\`, \`jitter\`, \`idle\` and \`capacity\`:
two) and, if it needs one, a private Redis, all on the loopback of one machine. The generator
competes with the server for the processor, so the ratios are what counts. The load generators speak
WebSocket over bare sockets. All clients count the frames and bytes that they get. Some, evenly
spread, also read them (in \`jitter\`: all of them): **latency** is the time from the publisher's
write to the generator's read, both on the monotonic clock of the machine. Every message carries a
number, which shows loss, repetition and order. A message that has not arrived 15 s after the last
publication counts as lost. **CPU** is user and system time of the server's processes in the
measured window, without Redis. The window begins after a warm-up. Figures are medians of the runs,
and faults are summed.

Plain Socket.IO is what one would write without this project (\`bench/peers/plain-socket-io.ts\`). It
checks nothing and remembers nothing, and it is given rates that it can carry. nats-server, nchan,
Centrifugo and uWebSockets.js are fan-out engines that one might use instead. They speak other
protocols to the clients, and know neither snapshots nor the platform's rooms. Centrifugo has its
engine in memory, gets each message through its HTTP API on one connection, and speaks JSON to its
clients. uWebSockets.js is C++ below Node (\`bench/peers/uwebsockets-server.ts\`): it gets the
messages from Redis like the gateway, and passes them on as they are. nats-server and Centrifugo use
as many cores as there are.`;

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
