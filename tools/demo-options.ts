import { FAULT_ARGUMENTS, FAULT_USAGE, type FaultOptions, parseFaults } from './faults/fault-options.js';
import { number, optional, readArguments, seed } from './simulator/arguments.js';

export interface DemoOptions {
  readonly seed?: number;
  readonly tradedShare?: number;
  readonly faults: FaultOptions;
}

/** The options that {@link parseDemoOptions} has in common with the simulation of `npm run feed`. */
export const DEMO_USAGE = `Usage: npm run demo -- [options]

Starts the gateway, a simulated market and a live page. The settings of the gateway, such as PORT,
are read from the environment.

Simulation
  --seed N            repeats the prices and the faults of an earlier run
  --sparse SHARE      this share (0 to 1) of a chain's options trades between two chains; the others
                      stay as they were (default 1)

${FAULT_USAGE}
  --help
`;

/** @throws UsageError */
export function parseDemoOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = readArguments({
    args: [...args],
    options: {
      seed: { type: 'string' },
      sparse: { type: 'string' },
      ...FAULT_ARGUMENTS,
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: false,
  });
  if (values.help) return 'help';
  return {
    seed: optional(values.seed, seed),
    tradedShare: optional(values.sparse, (text) => number('sparse', text, 0, 1)),
    faults: parseFaults(values),
  };
}
