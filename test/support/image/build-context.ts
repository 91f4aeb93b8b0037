import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a build may copy of a folder: all that its .dockerignore lets through, as Docker reads it. */
export class BuildContext {
  private readonly rules: readonly { readonly ignores: boolean; readonly pattern: RegExp }[];

  constructor(readonly folder: string) {
    const file = join(folder, '.dockerignore');
    this.rules = (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => {
        const pattern = line
          .replace(/^!/, '')
          .replace(/[.+^${}()|[\]\\]/g, '\\$&')
          .replace(/\*\*\/|\*/g, (glob) => (glob === '*' ? '[^/]*' : '(.*/)?'));
        // A rule that holds for a folder holds for all that is in it.
        return { ignores: !line.startsWith('!'), pattern: new RegExp(`^${pattern}(/.*)?$`) };
      });
  }

  ignores(path: string): boolean {
    return this.rules.findLast(({ pattern }) => pattern.test(path))?.ignores ?? false;
  }

  /** The files of a source of COPY, by their paths in the folder. Fails as Docker does where there are none. */
  files(source: string): string[] {
    const path = source === '.' ? '' : source.replace(/^\.?\//, '').replace(/\/$/, '');
    if (/[*?[]/.test(path)) throw new Error(`COPY ${source}: patterns are not known here`);
    const all = !existsSync(join(this.folder, path))
      ? []
      : statSync(join(this.folder, path)).isFile()
        ? [path]
        : this.walk(path);
    const files = all.filter((file) => !this.ignores(file));
    if (files.length === 0) throw new Error(`COPY ${source}: it is not there, or .dockerignore keeps it out`);
    return files;
  }

  private walk(folder: string): string[] {
    return readdirSync(join(this.folder, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      // Nothing in these is ever let through again, and they are large.
      if (
        entry.isDirectory() &&
        (entry.name === '.git' || entry.name === 'node_modules') &&
        this.ignores(path)
      )
        return [];
      return entry.isDirectory() ? this.walk(path) : [path];
    });
  }
}
