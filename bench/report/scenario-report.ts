import type { Measurement } from '../harness/measurement.js';
import { faultsSentence } from '../scenarios/bars.js';
import { GATEWAY, type Row, type Scenario, type Verdict } from '../scenarios/scenario.js';
import { COLUMNS, COMPARED, significant } from './columns.js';

/** The result of one server in a scenario. */
export type Outcome =
  | { readonly label: string; readonly measurement: Measurement }
  /** The reason why there is no result. */
  | { readonly label: string; readonly missing: string };

export interface ScenarioReport {
  readonly scenario: Scenario<Row>;
  readonly outcomes: readonly Outcome[];
  readonly verdicts: readonly Verdict[];
}

export function reportOf(scenario: Scenario<Row>, outcomes: readonly Outcome[]): ScenarioReport {
  const results = (label: string) => {
    const outcome = outcomes.find((each) => each.label === label);
    return outcome && 'measurement' in outcome ? outcome.measurement : undefined;
  };
  return { scenario, outcomes, verdicts: scenario.bars(results) };
}

/** The section of a scenario: its description, the table, the bars. */
export function sectionOf({ scenario, outcomes, verdicts }: ScenarioReport, quick: boolean): string {
  const missing = outcomes.flatMap((outcome) =>
    'missing' in outcome ? [`- ${outcome.label}: ${outcome.missing}`] : [],
  );
  return [
    `## ${scenario.name}`,
    scenario.about(quick),
    tableOf(scenario, outcomes),
    ...(missing.length > 0 ? [missing.join('\n')] : []),
    verdicts.map(verdictLine).join('\n'),
  ].join('\n\n');
}

function verdictLine({ bar, measured, passed }: Verdict): string {
  const word = passed === undefined ? 'unknown' : passed ? 'pass' : 'FAIL';
  return `- bar: ${bar}: **${word}** (${measured})`;
}

function tableOf({ metrics }: Scenario<Row>, outcomes: readonly Outcome[]): string {
  const measured = outcomes.flatMap((outcome) => ('measurement' in outcome ? [outcome] : []));
  const gateway = measured.find(({ label }) => label === GATEWAY)?.measurement;
  const compared = gateway ? COMPARED.filter(({ metric }) => metrics.includes(metric)) : [];
  const header = [
    'server',
    ...metrics.map((metric) => COLUMNS[metric].title),
    ...compared.map(({ title }) => title),
    'delivered',
  ];
  const rows = measured.map(({ label, measurement }) => [
    label,
    ...metrics.map((metric) => shown(measurement[metric], COLUMNS[metric].text)),
    ...compared.map(({ metric }) => {
      const own = measurement[metric];
      const base = gateway?.[metric];
      return shown(own === undefined || base === undefined ? undefined : own / base, significant);
    }),
    faultsSentence(measurement),
  ]);
  return markdownTable(header, rows);
}

function shown(value: number | undefined, text: (value: number) => string): string {
  return value === undefined || !Number.isFinite(value) ? '–' : text(value);
}

/** Padded, so that the table is also readable in a terminal. */
function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
