import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.js';

/** A file with the value of a setting, replaced in one step, as secret stores do. */
export class SecretFile {
  private constructor(readonly path: string) {}

  static async create(text: string): Promise<SecretFile> {
    const file = new SecretFile(join(await temporaryFolder(), 'secret'));
    await file.write(text);
    return file;
  }

  async write(text: string): Promise<void> {
    await writeFile(`${this.path}.new`, text);
    await rename(`${this.path}.new`, this.path);
  }
}
