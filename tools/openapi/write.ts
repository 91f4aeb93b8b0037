/** `npm run openapi` writes the OpenAPI document of `src/rest` again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from './generate.js';

const ROOT = join(__dirname, '../../..');

generate(ROOT).then(
  (artefacts) => {
    for (const [file, text] of artefacts) writeFileSync(join(ROOT, file), text);
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
