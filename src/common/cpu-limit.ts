import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

type ReadText = (path: string) => string;

const ROOT = '/sys/fs/cgroup';

/**
 * Returns how many processors this process may keep busy: those that the system offers it, but no
 * more than the CPU limit of its container, rounded down. At least 1.
 */
export function usableCpus(
  available = availableParallelism(),
  read: ReadText = (path) => readFileSync(path, 'utf8'),
): number {
  return Math.max(1, Math.min(available, Math.floor(cpuLimit(read))));
}

/** Returns the CPU limit of the container in processors; `Infinity` if there is none. */
export function cpuLimit(read: ReadText): number {
  const limits = [ROOT, ...ownGroups(read)].flatMap((folder) => [
    limitOf(textOf(read, join(folder, 'cpu.max'))),
    limitOf(
      `${textOf(read, join(folder, 'cpu.cfs_quota_us'))} ${textOf(read, join(folder, 'cpu.cfs_period_us'))}`,
    ),
  ]);
  return Math.min(...limits);
}

/**
 * The folders of this process's groups, and of the groups above them. In a container without a
 * cgroup namespace, the limit is not at the root.
 */
function ownGroups(read: ReadText): string[] {
  return textOf(read, '/proc/self/cgroup')
    .split('\n')
    .flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):\/(.*)$/.exec(line) ?? [];
      if (controllers === undefined || path === undefined) return [];
      if (controllers !== '' && !controllers.split(',').includes('cpu')) return [];
      const parts = path.split('/').filter((part) => part !== '');
      // Version 1 has a folder for each set of controllers, such as cpu,cpuacct, and a link cpu.
      const base = controllers === '' ? ROOT : join(ROOT, 'cpu');
      return [...parts.keys(), parts.length].map((depth) => join(base, ...parts.slice(0, depth)));
    });
}

/** @param text quota and period in microseconds. A quota of `max` (version 2) or -1 (1) is none. */
function limitOf(text: string): number {
  const [, quota, period] = /^(\d+)\s+(\d+)\s*$/.exec(text) ?? [];
  const limit = Number(quota) / Number(period);
  return limit > 0 ? limit : Infinity;
}

/** The text of a file; empty if it cannot be read. */
function textOf(read: ReadText, path: string): string {
  try {
    return read(path).trim();
  } catch {
    return '';
  }
}
