import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Closing, closeOnSignals } from './harness/closing.js';
import { combine, type Measurement } from './harness/measurement.js';
import { type BenchOptions, parseOptions, USAGE } from './options.js';
import { pageOf } from './report/page.js';
import { type Outcome, reportOf, type ScenarioReport, sectionOf } from './report/scenario-report.js';
import { GATEWAY, type RunContext, type Row, type Scenario } from './scenarios/scenario.js';

/** The pause between two trials, so that the kernel can close the connections of the last one. */
const BREATHER_MS = 500;

/**
 * `npm run bench` runs every scenario with every server on this machine. It exits with 1 if the
 * gateway lost, repeated or reordered a message, or failed. A missed bar is only reported, because
 * machines differ.
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
      // Written after each scenario, so that an hour's results survive a failure of the last one.
      if (options.out !== undefined) await writeFile(options.out, pageOf(reports, options));
    }
  } finally {
    await closing.closeAll();
  }
  return reports.every(isGatewaySound) ? 0 : 1;
}

/**
 * Runs all servers once, and then all of them again, so that a temporary disturbance of the machine
 * affects them equally.
 */
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

/** Writes to standard error, so that piped output contains only the tables. */
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
