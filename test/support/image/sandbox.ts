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
 * Runs in namespaces of its own, and so leaves no mount and no process behind: the root file system, which `$2` makes
 * read-only, `/proc`, and the devices every container has. There is no `/sys` and no `/dev/shm`: less than Kubernetes gives.
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

/** Why nothing can be run here as a container is; empty where it can. */
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

/** As Kubernetes' "restricted" starts a process: no rights, and no way to any. */
function without(rights: Identity): string[] {
  const { uid, gid } = rights;
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  return ['setpriv', ...ids, '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'];
}

/** A step of a build: as root, on a file system it may write. `machine` is what of this machine it finds in `/run`. */
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

/** A process started as a container's first: it is number 1, without rights, and the file system is read-only unless told otherwise. */
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
    // Not by the end of `unshare`: a process that has changed its user is no longer told of its parent's.
    cleanUp(() => container.kill('SIGKILL'));
    return container;
  }

  /** What it wrote. */
  get output(): string {
    return this.outer.output;
  }

  /** Its first process, by the number it has outside; 0 once it has ended. */
  get pid(): number {
    const { pid, exitCode } = this.outer.process;
    return exitCode === null ? Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')) : 0;
  }

  /** A line of its first process's `/proc/1/status`. */
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

  /** What `docker exec`, a health check and a probe do: one more process in there, with no more rights. */
  async exec(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const target = [`--target=${this.pid}`, '--mount', '--pid', '--root', '--wd'];
    const run = Command.spawn('nsenter', [...target, ...without(this.identity), ...command], {
      env: { ...this.started.env, ...env },
    });
    return { code: await run.exit(), said: run.output };
  }

  kill(signal: NodeJS.Signals): void {
    // 0 would be the whole group of this process.
    if (this.pid > 0) process.kill(this.pid, signal);
  }

  /** Waits for its end. */
  async ended(): Promise<Ended> {
    await waitFor(
      () => this.outer.process.exitCode !== null,
      () => `it goes on: ${this.output.slice(-500)}`,
      30_000,
    );
    return { code: this.outer.process.exitCode, said: this.output };
  }
}

/** The numbers behind a USER or `--chown`: names are those of the image. */
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
