import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Closing, closeOnSignals } from './harness/closing.js';
import { combine, type Measurement } from './harness/measurement.js';
import { type BenchOptions, parseOptions, USAGE } from './options.js';
import { pageOf } from './report/page.js';
import { type Outcome, reportOf, type ScenarioReport, sectionOf } from './report/scenario-report.js';
import { GATEWAY, type RunContext, type Row, type Scenario } from './scenarios/scenario.js';

/** Between two trials, for what the last one left in the kernel (closing connections) to go. */
const BREATHER_MS = 500;

/**
 * `npm run bench`: every scenario, every server, side by side on this machine. Exit code 1 when the gateway lost,
 * repeated or reordered a message, or failed; a missed bar is reported, not punished, for machines differ.
 */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const closing = new Closing();
  closeOnSignals(closing);
  const reports: ScenarioReport[] = [];
  try {
    for (const scenario of options.scenarios) {
      const report = await runScenario(scenario, options, { quick: options.quick, closing });
      reports.push(report);
      process.stdout.write(`\n${sectionOf(report, options.quick)}\n\n`);
      // After each scenario: an hour's results survive the last one's failure.
      if (options.out !== undefined) await writeFile(options.out, pageOf(reports, options));
    }
  } finally {
    await closing.closeAll();
  }
  return reports.every(isGatewaySound) ? 0 : 1;
}

/** One run of all servers, then the next of all: what disturbs the machine for a while disturbs them alike. */
async function runScenario(
  scenario: Scenario<Row>,
  options: BenchOptions,
  context: RunContext,
): Promise<ScenarioReport> {
  const candidates = scenario.candidates(context.quick);
  const runs = new Map<Row, Measurement[]>(candidates.map((candidate) => [candidate, []]));
  const missing = new Map<Row, string>();
  for (let run = 1; run <= options.runs; run++) {
    for (const candidate of candidates) {
      if (missing.has(candidate)) continue;
      progress(`${scenario.name}: ${candidate.label}, run ${run} of ${options.runs}`);
      try {
        const result = await scenario.run(candidate, context);
        if ('skipped' in result) missing.set(candidate, `skipped: ${result.skipped}`);
        else runs.get(candidate)?.push(result);
      } catch (error) {
        missing.set(candidate, `failed: ${error instanceof Error ? error.message : String(error)}`);
      }
      const problem = missing.get(candidate);
      if (problem !== undefined) progress(`${candidate.label} ${problem}`);
      await delay(BREATHER_MS);
    }
  }
  const outcomes = candidates.map((candidate): Outcome => {
    const problem = missing.get(candidate);
    if (problem !== undefined) return { label: candidate.label, missing: problem };
    return { label: candidate.label, measurement: combine(runs.get(candidate) ?? []) };
  });
  return reportOf(scenario, outcomes);
}

function isGatewaySound({ outcomes }: ScenarioReport): boolean {
  return outcomes
    .filter(({ label }) => label.startsWith(GATEWAY))
    .every((gateway) => {
      if ('missing' in gateway) return gateway.missing.startsWith('skipped');
      const { lost = 0, duplicated = 0, disordered = 0 } = gateway.measurement;
      return lost + duplicated + disordered === 0;
    });
}

/** To standard error: what is piped on is the tables alone. */
function progress(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  },
);
