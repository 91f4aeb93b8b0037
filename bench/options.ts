import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios/index.js';
import type { Row, Scenario } from './scenarios/scenario.js';

export interface BenchOptions {
  readonly quick: boolean;
  readonly scenarios: readonly Scenario<Row>[];
  /** The number of runs of each server in each scenario. */
  readonly runs: number;
  /** The path of the results page. */
  readonly out: string | undefined;
}

export const USAGE = `usage: npm run bench -- [options]
  --quick         smaller and shorter, in about five minutes; for a look, not for publication
  --only a,b      only these scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')}
  --runs N        runs of each server in each scenario, of which the median is reported (3, with --quick 1)
  --out FILE      write the results page there (docs/benchmarks.md)`;

/** @throws Error that names the invalid option */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      runs: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const runs = values.runs === undefined ? (values.quick ? 1 : 3) : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs must be a whole number from 1 on');
  return { quick: values.quick, scenarios: scenariosOf(values.only), runs, out: values.out };
}

function scenariosOf(only: string | undefined): readonly Scenario<Row>[] {
  if (only === undefined) return SCENARIOS;
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no scenario "${unknown}"`);
  return SCENARIOS.filter(({ name }) => names.includes(name));
}
