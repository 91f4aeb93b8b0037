import { readFileSync } from 'node:fs';

/**
 * For user space, Linux counts processor time in hundredths of a second, whatever the kernel's tick
 * is.
 */
const TICKS_PER_SECOND = 100;
/** The 14th and 15th field are utime and stime. They follow the name, which may contain spaces. */
const UTIME_AFTER_NAME = 11;

/**
 * The processor time of the processes, user and system, in seconds. Zero for a process that has
 * ended.
 */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = read(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[UTIME_AFTER_NAME] ?? 0) + Number(fields[UTIME_AFTER_NAME + 1] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/** The resident memory of the processes, in KB. */
export function residentKb(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of pids) sum += Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
  return sum;
}

/** The process, its children such as nginx's workers, and theirs. */
export function processTree(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processTree)];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
