import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isOf, type Kind, type Kinds, type Manifest } from './kinds.js';

export const ROOT = join(__dirname, '../../..');
export const CHART = join(ROOT, 'helm/socket-gateway');
export const CI_VALUES = readdirSync(join(CHART, 'ci')).sort();
/** Values like those of production: nginx, tokens, an autoscaler, monitoring. */
export const NGINX = '03-production-nginx-values.yaml';

/** Reads a file of the repository. */
export const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The path of each helm by version. A missing one is downloaded. */
const TOOLS = JSON.parse(
  run(process.execPath, [join(ROOT, 'scripts/helm-tools.mjs')])
    .stdout.trim()
    .split('\n')
    .at(-1)!,
) as Record<string, string>;
export const VERSIONS = Object.keys(TOOLS);
/** The path of the newest helm. */
export const HELM = TOOLS[VERSIONS[0]!]!;

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], input?: string): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    input,
    maxBuffer: 64 * 1_048_576,
    timeout: 300_000,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

/** Runs helm as users do, without any personal settings: a program and its arguments. */
export function helmCommand(
  version: string,
  args: readonly string[],
  kubeconfig?: string,
): [string, string[]] {
  const cluster = kubeconfig === undefined ? [] : [`KUBECONFIG=${kubeconfig}`];
  return ['env', ['-i', 'HOME=/nonexistent', 'HELM_CACHE_HOME=/tmp', ...cluster, TOOLS[version]!, ...args]];
}

/** Runs helm without a cluster. */
export function helm(version: string, ...args: string[]): Ran {
  return run(...helmCommand(version, args));
}

/** Values in addition to the chart's defaults: a file of `ci/`, or `--set` in JSON. */
export type Values = string | Readonly<Record<string, unknown>>;

export function valueArgs(values: Values): string[] {
  if (typeof values === 'string') return ['--values', join(CHART, 'ci', values)];
  return Object.entries(values).flatMap(([path, value]) => [
    '--set-json',
    `${path}=${JSON.stringify(value)}`,
  ]);
}

export type PodSpec = Kinds['Pod']['spec'];

/** The manifests of an install. Throws helm's error if it rejects the values. */
export class Rendered {
  private constructor(readonly manifests: readonly Manifest[]) {}

  static from(values: Values = {}, version = VERSIONS[0]!, ...args: string[]): Rendered {
    return Rendered.fromChart(CHART, version, ...valueArgs(values), ...args);
  }

  /** Renders another chart, such as a parent of this one. */
  static fromChart(chart: string, version: string, ...args: string[]): Rendered {
    const ran = helm(version, 'template', 'r', chart, '--namespace', 'markets', ...args);
    if (ran.status !== 0) throw new Error(ran.stderr);
    const manifests = parseAllDocuments(ran.stdout)
      .map((document) => {
        if (document.errors.length > 0) throw document.errors[0]!;
        return document.toJS() as Manifest | null;
      })
      .filter((manifest) => manifest !== null);
    return new Rendered(manifests);
  }

  all<K extends Kind>(kind: K): Kinds[K][] {
    return this.manifests.filter((manifest) => isOf(manifest, kind));
  }

  /** The only object of a kind, or the one whose name ends with `suffix`. */
  one<K extends Kind>(kind: K, suffix?: string): Kinds[K] {
    const found = this.all(kind).filter(
      ({ metadata }) => suffix === undefined || metadata.name.endsWith(suffix),
    );
    if (found.length !== 1) throw new Error(`There are ${found.length} of ${kind} ${suffix ?? ''}.`);
    return found[0]!;
  }

  get deployment(): Kinds['Deployment'] {
    return this.all('Deployment').find(
      (d) => d.metadata.labels['app.kubernetes.io/component'] === 'gateway',
    )!;
  }

  get pod(): PodSpec {
    return this.deployment.spec.template.spec;
  }

  get container(): PodSpec['containers'][number] {
    return this.pod.containers.find(({ name }) => name === 'socket-gateway')!;
  }

  /** The environment of the pods: first from the ConfigMap, then from the container. */
  get config(): Record<string, string> {
    return this.all('ConfigMap').find(({ data }) => 'PORT' in data)!.data;
  }
}

/** The problems of each manifest, according to the type of its kind. */
export function problemsOf(manifests: readonly unknown[]): string[][] {
  const { status, stdout, stderr } = run(
    process.execPath,
    [join(__dirname, 'check-manifests.mjs')],
    JSON.stringify(manifests),
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[][];
}
