import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');

/**
 * Writes the files that `generate` makes. If it fails, prints the problem and exits with 1.
 * @param generate receives the folder of the project; returns the text of each file, by its path
 */
export function writeArtefacts(
  generate: (root: string) => Promise<Iterable<readonly [file: string, text: string]>>,
): void {
  generate(ROOT).then(
    (artefacts) => {
      for (const [file, text] of artefacts) writeFileSync(join(ROOT, file), text);
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}
