import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../cleanup.js';
import { Command } from '../command.js';
import { waitFor } from '../wait.js';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface Process {
  readonly root: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/**
 * Runs the program in its own namespaces, so that no mount or process is left behind. It has the
 * root file system, which `$2` makes read-only, `/proc`, and the usual devices of a container.
 * `/sys` and `/dev/shm` are missing, which is less than Kubernetes provides.
 */
const ENTER = `
set -e
umask 022
root=$1 access=$2 folder=$3 machine=$4
shift 4
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
for file in hosts resolv.conf; do mount --bind "/etc/$file" "$root/etc/$file"; done
if [ -n "$machine" ]; then mount --bind "$machine" "$root/run"; fi
if [ "$access" = ro ]; then mount -o remount,bind,ro "$root"; mount -o remount,ro "$root/dev"; fi
exec unshare --root="$root" --wd="$folder" "$@"
`;

const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child'];

/** The reason why this machine cannot run a container's process, or an empty string. */
export function whyNoSandbox(): string {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  const probe = 'mount -t tmpfs tmpfs /mnt && setpriv --bounding-set=-all --no-new-privs true';
  const { status, stderr, error } = spawnSync('unshare', [...NAMESPACES, 'sh', '-c', probe], {
    encoding: 'utf8',
  });
  if (error) return `it needs unshare: ${error.message}`;
  return status === 0 ? '' : `it needs the right to mount: ${stderr.trim()}`;
}

/**
 * Starts a process like the "restricted" policy of Kubernetes: without capabilities, and without a
 * way to gain any.
 */
function without(rights: Identity): string[] {
  const { uid, gid } = rights;
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  return ['setpriv', ...ids, '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'];
}

/**
 * Runs a build step as root on a writable file system. `machine` contains the files of this machine
 * that it finds in `/run`.
 */
export async function runStep(step: Process, machine = ''): Promise<void> {
  const args = ['sh', '-c', ENTER, 'enter', step.root, 'rw', step.folder, machine, ...step.command];
  const command = Command.spawn('unshare', [...NAMESPACES, ...args], { env: step.env });
  const code = await command.exit();
  if (code !== 0) throw new Error(`RUN ${step.command.join(' ')} ended with ${code}: ${command.output}`);
}

export interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/**
 * A process that runs as the first of a container: number 1, without capabilities, and on a
 * read-only file system by default.
 */
export class Container {
  private constructor(
    private readonly started: Process,
    private readonly identity: Identity,
    private readonly outer: Command,
  ) {}

  static start(started: Process, identity: Identity, access: 'ro' | 'rw' = 'ro'): Container {
    const entered = [started.root, access, started.folder, '', ...without(identity), ...started.command];
    const env = { ...started.env };
    const args = ['sh', '-c', ENTER, 'enter', ...entered];
    const container = new Container(
      started,
      identity,
      Command.spawn('unshare', [...NAMESPACES, ...args], { env }),
    );
    // Not when `unshare` ends, because a process that changed its user is not notified when its
    // parent ends.
    cleanUp(() => container.kill('SIGKILL'));
    return container;
  }

  /** The output of the process. */
  get output(): string {
    return this.outer.output;
  }

  /** The first process's id outside the container, or 0 once it has ended. */
  get pid(): number {
    const { pid, exitCode } = this.outer.process;
    return exitCode === null ? Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')) : 0;
  }

  /** A line of the first process's `/proc/1/status`. */
  status(field: string): string | undefined {
    return new RegExp(`^${field}:[ \\t]*(.*?) *$`, 'm').exec(
      readFileSync(`/proc/${this.pid}/status`, 'utf8'),
    )?.[1];
  }

  get commandLine(): string[] {
    return readFileSync(`/proc/${this.pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  }

  until(condition: () => unknown): Promise<void> {
    return this.outer.until(condition);
  }

  /**
   * Runs one more process in the container with the same restrictions, as `docker exec`, a health
   * check or a probe does.
   */
  async exec(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const target = [`--target=${this.pid}`, '--mount', '--pid', '--root', '--wd'];
    const run = Command.spawn('nsenter', [...target, ...without(this.identity), ...command], {
      env: { ...this.started.env, ...env },
    });
    return { code: await run.exit(), said: run.output };
  }

  kill(signal: NodeJS.Signals): void {
    // A 0 would signal the whole process group of this process.
    if (this.pid > 0) process.kill(this.pid, signal);
  }

  /** Waits for the process to end. */
  async ended(): Promise<Ended> {
    await waitFor(
      () => this.outer.process.exitCode !== null,
      () => `it does not end: ${this.output.slice(-500)}`,
      30_000,
    );
    return { code: this.outer.process.exitCode, said: this.output };
  }
}

/** The ids of a USER or `--chown`. Names are looked up in the image. */
export function identityOf(root: string, user: string): Identity {
  const [name = '', group] = user.split(':');
  const lines = (file: string) =>
    readFileSync(join(root, 'etc', file), 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  const entry = lines('passwd').find(([known, , uid]) => known === name || uid === name);
  const uid = /^\d+$/.test(name) ? Number(name) : Number(entry?.[2] ?? NaN);
  const byName = lines('group').find(([known]) => known === group)?.[2];
  const gid = Number(group === undefined ? (entry?.[3] ?? 0) : (byName ?? group));
  if (Number.isNaN(uid) || Number.isNaN(gid)) throw new Error(`the image has no user "${user}"`);
  return { uid, gid };
}
