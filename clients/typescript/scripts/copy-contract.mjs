// Copies the event contract into the package: the files of the service's src/contract that clients
// can use. `node scripts/copy-contract.mjs` writes the copy, and `--check` fails if it differs.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, '../../../src/contract');
const target = join(here, '../src/contract');

/**
 * Used only by the service: how payloads are kept as text on their way out, and the sources of the
 * AsyncAPI document.
 */
const LEFT_OUT = ['examples', 'json-payload', 'request-rules'];
const HEADER = '// Copied from the service by scripts/copy-contract.mjs: change it there.\n';

/** Maps each file name to its required content. */
export function contractCopy() {
  const names = readdirSync(source).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !LEFT_OUT.includes(name.slice(0, -3)),
  );
  return new Map(
    names.map((name) => {
      const lines = readFileSync(join(source, name), 'utf8').split('\n');
      const kept = lines.filter((line) => !LEFT_OUT.some((left) => line === `export * from './${left}.js';`));
      return [name, HEADER + kept.join('\n')];
    }),
  );
}

const copy = contractCopy();
if (process.argv.includes('--check')) {
  const there = existsSync(target) ? readdirSync(target) : [];
  const wrong = [...new Set([...copy.keys(), ...there])].filter(
    (name) => !there.includes(name) || readFileSync(join(target, name), 'utf8') !== copy.get(name),
  );
  if (wrong.length > 0) {
    console.error(`These files differ from src/contract: ${wrong.join(', ')}. Run "npm run build:clients".`);
    process.exit(1);
  }
} else {
  mkdirSync(target, { recursive: true });
  for (const [name, text] of copy) {
    const file = join(target, name);
    // Builds look at the time of a file, so one that stays the same is not written.
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  }
}
