import { spawnSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promtool } from '../support/promtool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { ALERTS, type Fires, type Labels, type Quiet, type Series } from './support/alert-cases.js';
import { CI_VALUES, HELM, NGINX, read, Rendered, ROOT, type Values } from './support/chart.js';
import type { Kinds } from './support/kinds.js';

/** The last minute of a test in which an alert must be quiet. */
const LAST_MINUTE = 40;

type Rule = Kinds['PrometheusRule']['spec']['groups'][number]['rules'][number];

/** Where the metrics come from: the labels of the release, and those of its pods. */
interface Place {
  readonly values: Values;
  readonly release: Labels;
  readonly pod: Labels;
  readonly other: Labels;
  /** A pod of another release. */
  readonly foreign: Labels;
  /** The name of the first pod in texts. */
  readonly name: string;
}

const RUNBOOK = 'https://runbooks.example.com/gateway';

const PLACES: Readonly<Record<string, Place>> = {
  'in Kubernetes': {
    values: NGINX,
    release: { namespace: 'markets' },
    pod: { namespace: 'markets', pod: 'gateway-7d9f4c-x2x7k' },
    other: { namespace: 'markets', pod: 'gateway-7d9f4c-q8rt5' },
    foreign: { namespace: 'markets', pod: 'second-6b8d5f-mm4zp' },
    name: 'gateway-7d9f4c-x2x7k',
  },
  'without the labels of Kubernetes': {
    values: {
      'prometheusRule.enabled': true,
      'prometheusRule.selector': 'job="socket-gateway"',
      'prometheusRule.runbookUrl': RUNBOOK,
    },
    release: { job: 'socket-gateway' },
    pod: { job: 'socket-gateway', instance: '10.0.0.1:9100' },
    other: { job: 'socket-gateway', instance: '10.0.0.2:9100' },
    foreign: { job: 'second', instance: '10.0.0.3:9100' },
    name: '10.0.0.1:9100',
  },
};

const groupsOf = (values: Values) => Rendered.from(values).one('PrometheusRule').spec.groups;

/** Writes files of JSON, which YAML includes, and runs promtool in their folder. */
async function run(args: readonly string[], files: Readonly<Record<string, object>>) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  return promtool([...args, ...Object.keys(files).map((name) => join(folder, name))]);
}

describe('promtool check rules', () => {
  const all: Record<string, Values> = {
    ...Object.fromEntries(CI_VALUES.map((file) => [file, file])),
    ...Object.fromEntries(Object.entries(PLACES).map(([name, { values }]) => [name, values])),
  };
  const withRules = Object.entries(all).filter(
    ([, values]) => Rendered.from(values).all('PrometheusRule').length > 0,
  );

  it('is run with the production values', () => expect(withRules.map(([name]) => name)).toContain(NGINX));

  it.each(withRules)('accepts the rules of the chart: %s', async (_, values) => {
    const groups = groupsOf(values);
    const { status, said } = await run(['check', 'rules'], { 'rules.yml': { groups } });
    expect([status, said]).toEqual([0, expect.stringContaining(`${groups[0].rules.length} rules found`)]);
  });

  it('accepts the file of rules that the command of docs/runbooks.md writes', async () => {
    const [, command = ''] = /^```sh\n(helm template (?:(?!^```)[\s\S])*socket-gateway\.rules\.yml)$/m.exec(
      read('docs/runbooks.md'),
    )!;
    const folder = await temporaryFolder();
    await symlink(HELM, join(folder, 'helm'));
    const file = join(folder, 'socket-gateway.rules.yml');
    const { status, stderr } = spawnSync('sh', ['-c', command.replace('socket-gateway.rules.yml', file)], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
    });
    expect([status, stderr]).toEqual([0, '']);
    const { status: code, said } = promtool(['check', 'rules', file]);
    expect([code, said]).toEqual([0, expect.stringContaining(`${Object.keys(ALERTS).length} rules found`)]);
  });

  it('rejects a rule with an unknown function, so this check can fail', async () => {
    const rules = [{ alert: 'Wrong', expr: 'rates(up[5m]) > 0' }];
    const { status, said } = await run(['check', 'rules'], {
      'rules.yml': { groups: [{ name: 'a', rules }] },
    });
    expect([status, said]).toEqual([1, expect.stringContaining('unknown function')]);
  });
});

describe.each(Object.entries(PLACES))('promtool test rules, %s', (_, place) => {
  const groups = groupsOf(place.values);
  const rules = new Map<string, Rule>(groups[0].rules.map((rule) => [`${rule.alert}`, rule]));

  it('there are cases for each alert', () => {
    expect(Object.keys(ALERTS)).toEqual([...rules.keys()]);
    for (const { fires, quiet } of Object.values(ALERTS)) {
      expect([fires.length, quiet.length].includes(0)).toBe(false);
    }
  });

  const series = ([metric, labels, values, pod = 'pod']: Series) => {
    const pairs = Object.entries({ ...place[pod], ...labels }).map(([name, value]) => `${name}="${value}"`);
    return { series: `${metric}{${pairs.join(', ')}}`, values };
  };

  /** Runs a test in which the alert fires in these minutes with these labels and texts. */
  async function check(
    alert: string,
    input: readonly Series[],
    expected: readonly (readonly [minute: number, alerts: readonly object[]])[],
  ): Promise<void> {
    const test = {
      interval: '1m',
      input_series: input.map(series),
      alert_rule_test: expected.map(([minute, alerts]) => ({
        eval_time: `${minute}m`,
        alertname: alert,
        exp_alerts: alerts,
      })),
    };
    const folder = await temporaryFolder();
    // Only the rule under test, because evaluating all of them takes longer.
    const group = { name: alert, rules: [rules.get(alert)] };
    await writeFile(join(folder, 'rules.yml'), JSON.stringify({ groups: [group] }));
    const file = join(folder, 'test.yml');
    const content = { rule_files: ['rules.yml'], evaluation_interval: '1m', tests: [test] };
    await writeFile(file, JSON.stringify(content));
    const { status, said } = promtool(['test', 'rules', file]);
    expect([said, status]).toEqual([expect.stringContaining('SUCCESS'), 0]);
  }

  const fires = Object.entries(ALERTS).flatMap(([alert, cases]) =>
    cases.fires.map((one) => [alert, one.when, one] as const),
  );
  it.each(fires)('%s fires if %s', async (alert, _when, one: Fires) => {
    const { labels, annotations } = rules.get(alert)!;
    const firing = {
      exp_labels: { ...labels, ...place[one.of], ...one.labels },
      exp_annotations: {
        summary: one.summary.replace('POD', place.name),
        description: annotations.description,
        runbook_url: `${RUNBOOK}#${alert.toLowerCase()}`,
      },
    };
    const [quiet, minute] = one.between;
    await check(alert, one.series, [
      [quiet, []],
      [minute, [firing]],
    ]);
  });

  const quiet = Object.entries(ALERTS).flatMap(([alert, cases]) =>
    cases.quiet.map((one) => [alert, one.when, one] as const),
  );
  it.each(quiet)('%s is quiet if %s', async (alert, _when, one: Quiet) => {
    const minutes = Array.from({ length: LAST_MINUTE }, (_empty, minute) => [minute, []] as const);
    await check(alert, one.series, minutes);
  });
});
