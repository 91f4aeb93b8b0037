import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The files of a folder that a build may copy: those that its .dockerignore lets through, read as
 * Docker reads it.
 */
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
        // A rule for a folder applies to everything in it.
        return { ignores: !line.startsWith('!'), pattern: new RegExp(`^${pattern}(/.*)?$`) };
      });
  }

  ignores(path: string): boolean {
    return this.rules.findLast(({ pattern }) => pattern.test(path))?.ignores ?? false;
  }

  /**
   * The files that a COPY source names, by their paths in the folder. Fails like Docker if there
   * are none.
   */
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
      // No rule includes anything in these folders again, and they are large.
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
