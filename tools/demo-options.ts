import { FAULT_ARGUMENTS, FAULT_USAGE, type FaultOptions, parseFaults } from './faults/fault-options.js';
import { number, oneOf, optional, readArguments, seed, whole } from './simulator/arguments.js';
import { MAX_STRIKES } from './simulator/strike-grid.js';
import { type Scenario, SCENARIO_USAGE, SCENARIOS } from './simulator/scenarios.js';

export interface DemoOptions {
  readonly seed?: number;
  readonly ticksPerSecond: number;
  readonly strikes: number;
  readonly quotedShare?: number;
  readonly scenario: Scenario;
  /** Whether the page for operators is served. */
  readonly ops: boolean;
  readonly faults: FaultOptions;
}

/** The options that {@link parseDemoOptions} has in common with the simulation of `npm run feed`. */
export const DEMO_USAGE = `Usage: npm run demo -- [options]

Starts the gateway, a simulated market and a live page. The settings of the gateway, such as PORT,
are read from the environment.

Simulation
  --seed N            repeats the prices and the faults of an earlier run
  --rate N            ticks per second of each product (default 4)
  --strikes N         strikes per chain at the opening (default 41)
  --sparse SHARE      this share (0 to 1) of a chain's options is quoted again in the next chain;
                      the others stay as they were (default 1)
${SCENARIO_USAGE}
${FAULT_USAGE}
Operators
  --ops               serves the page for operators on an admin port, and prints its address and token

  --help
`;

/** @throws UsageError */
export function parseDemoOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = readArguments({
    args: [...args],
    options: {
      seed: { type: 'string' },
      rate: { type: 'string' },
      strikes: { type: 'string' },
      sparse: { type: 'string' },
      scenario: { type: 'string' },
      ops: { type: 'boolean' },
      ...FAULT_ARGUMENTS,
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: false,
  });
  if (values.help) return 'help';
  return {
    seed: optional(values.seed, seed),
    ticksPerSecond: number('rate', values.rate ?? '4', 0.001, 10_000),
    strikes: whole('strikes', values.strikes ?? '41', 1, MAX_STRIKES),
    quotedShare: optional(values.sparse, (text) => number('sparse', text, 0, 1)),
    scenario: oneOf('scenario', values.scenario ?? 'normal', SCENARIOS),
    ops: values.ops === true,
    faults: parseFaults(values),
  };
}
