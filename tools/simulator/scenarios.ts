/** What kind of day the simulated market has. */
export const SCENARIOS = ['normal', 'trend', 'fast', 'halt'] as const;

export type Scenario = (typeof SCENARIOS)[number];

export function isScenario(value: unknown): value is Scenario {
  return SCENARIOS.some((scenario) => scenario === value);
}

export const SCENARIO_USAGE = `  --scenario NAME     normal (default), trend: all prices go one way, fast: five times as many updates,
                      with larger moves and wider spreads, or halt: trading in one product after
                      another is halted for a while
`;

/** What a scenario changes. The multiples are of a normal market. */
export interface Conditions {
  /** Multiple of the ticks per second. */
  readonly pace: number;
  /** Multiple of the volatility of prices. */
  readonly volatility: number;
  /** Multiple of the implied volatility of short-dated options, which they approach within minutes. */
  readonly impliedVolatility: number;
  /** Multiple of the spread between bid and ask. */
  readonly spread: number;
  /** Multiple of the trades per second. */
  readonly trades: number;
  /** Whether all prices move in one direction. */
  readonly trending: boolean;
  /** Whether trading in single products is halted from time to time. */
  readonly halting: boolean;
}

const NORMAL: Conditions = {
  pace: 1,
  volatility: 1,
  impliedVolatility: 1,
  spread: 1,
  trades: 1,
  trending: false,
  halting: false,
};

export const CONDITIONS: Readonly<Record<Scenario, Conditions>> = {
  normal: NORMAL,
  trend: { ...NORMAL, trades: 1.5, trending: true },
  fast: { ...NORMAL, pace: 5, volatility: 3, impliedVolatility: 1.6, spread: 2.5, trades: 4 },
  halt: { ...NORMAL, halting: true },
};
