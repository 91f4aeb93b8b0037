import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from '../../support/command.js';
import { type Recording, RECORDER } from '../../support/recording.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

export const ROOT = join(__dirname, '../../..');
const PACKAGE = join(ROOT, 'clients/typescript');
const NAME = '@deltastream/socket-client';

/** An application with the packed package installed, in the layout of `npm install`. */
export class Application {
  private constructor(
    readonly folder: string,
    /** The packed package. */
    readonly tarball: string,
  ) {}

  /**
   * @param socketIo the folder in node_modules of the socket.io-client to install, with its own
   * dependencies
   * @param more further folders in node_modules that the application uses
   */
  static async install(socketIo = 'socket.io-client', more: readonly string[] = []): Promise<Application> {
    const folder = await temporaryFolder();
    // Without `prepack`, which would build the package again while other tests use the build.
    await run(PACKAGE, 'npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
    const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    await run(folder, 'tar', ['-xzf', tarball!]);
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, '@deltastream'), { recursive: true });
    await cp(join(folder, 'package'), join(modules, NAME), { recursive: true });
    const link = (name: string, from = name) =>
      symlink(join(ROOT, 'node_modules', from), join(modules, name));
    await link('socket.io-client', socketIo);
    for (const name of ['react', '@types', 'csstype', 'socket.io-msgpack-parser', ...more]) await link(name);
    await writeFile(join(folder, 'package.json'), '{ "name": "application", "private": true }');
    return new Application(folder, join(folder, tarball!));
  }

  /** The files of the package. */
  async files(): Promise<string[]> {
    return (await readdir(join(this.folder, 'package'), { recursive: true })).map(String);
  }

  async write(name: string, text: string): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(file, text);
    return file;
  }

  /** Adds the files of a folder in test/fixtures. */
  async add(fixture: string): Promise<void> {
    await cp(join(ROOT, 'test/fixtures', fixture), this.folder, { recursive: true });
  }

  /** Runs a program of the application, and returns its output. Throws if the program fails. */
  node(...args: string[]): Promise<string> {
    return run(this.folder, process.execPath, args);
  }

  /** The same for a program whose clients are recorded. */
  async recorded(recording: Recording, ...args: string[]): Promise<string> {
    // A copy, which resolves the application's socket.io-client.
    await cp(RECORDER, join(this.folder, 'recorded.mjs'));
    return run(this.folder, process.execPath, ['--import', './recorded.mjs', ...args], recording.env);
  }
}

/** Runs a program, and returns its output. Throws if the program fails. */
export async function run(cwd: string, program: string, args: string[], env = {}): Promise<string> {
  const command = Command.spawn(program, args, { cwd, env: { ...process.env, ...env } });
  if ((await command.exit()) !== 0) throw new Error(`${program} ${args.join(' ')}: ${command.output}`);
  return command.output;
}
