import { hostname } from 'node:os';

/** Nest token of this replica's name. */
export const REPLICA_NAME = Symbol('REPLICA_NAME');

/** The names of replicas. They are part of paths and logs, so they contain nothing to escape. */
export const REPLICA_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/** The process that a container starts. Its replica needs no other name than the container's. */
const FIRST_PROCESS = 1;

export function isReplicaName(value: unknown): value is string {
  return typeof value === 'string' && REPLICA_PATTERN.test(value);
}

interface Process {
  readonly host: string;
  readonly pid: number;
  /** The process that started it: the primary of a worker. */
  readonly ppid: number;
}

/**
 * The name of this replica: that of the machine, which is the name of the pod in Kubernetes. The
 * number of the worker, or the process, tells replicas on one machine apart.
 * @param configured `REPLICA_NAME`, which replaces the name of the machine and the process
 * @param worker the number of this worker; undefined if the gateway has only one process
 */
export function replicaName(
  configured: string | undefined,
  worker: number | undefined,
  { host, pid, ppid }: Process = { host: hostname(), pid: process.pid, ppid: process.ppid },
): string {
  const name = configured ?? (host.replace(/[^A-Za-z0-9._-]|^[._-]+/g, '').slice(0, 200) || 'replica');
  const main = worker === undefined ? pid : ppid;
  const unique = configured !== undefined || main === FIRST_PROCESS ? name : `${name}-${main}`;
  return worker === undefined ? unique : `${unique}-w${worker}`;
}
