// `npm run licenses` lists every package that the gateway or the TypeScript client needs in
// production, direct or not, with its version and licence. It exits with code 1 if a licence is not
// on the list below: read the terms of a new licence before adding it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

/** Permissive licences, which require only that their text is kept. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
]);

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/**
 * The licence in the lock file, or in the package itself, which may use the form from before SPDX.
 */
function licenceOf(path, locked) {
  if (locked.license) return locked.license;
  const file = `${path}/package.json`;
  if (!existsSync(join(root, file))) return 'none named';
  const { license, licenses = [] } = read(file);
  const named = [license, ...licenses].map((entry) => entry?.type ?? entry).filter(Boolean);
  return named.join(' AND ') || 'none named';
}

/**
 * Of `(MIT OR GPL-3.0)` one is enough, and of `MIT AND ISC` both apply. Nested brackets are not
 * parsed, so that a person looks at them.
 */
function isAllowed(licence) {
  return licence
    .replace(/^\((.*)\)$/, '$1')
    .split(/ OR /i)
    .some((choice) => choice.split(/ AND /i).every((name) => ALLOWED.has(name.trim())));
}

const packages = Object.entries(read('package-lock.json').packages)
  // The service and the workspace of the TypeScript client belong to this repository.
  .filter(([path, { link }]) => path.includes('node_modules/') && !link)
  .filter(([, { dev, devOptional }]) => !dev && !devOptional)
  .map(([path, locked]) => ({
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version: locked.version,
    licence: licenceOf(path, locked),
  }))
  .sort((a, b) => a.name.localeCompare(b.name, 'en') || a.version.localeCompare(b.version, 'en'));

for (const { name, version, licence } of packages) console.log(`${name} ${version} ${licence}`);
const refused = packages.filter(({ licence }) => !isAllowed(licence));
for (const { name, version, licence } of refused) {
  console.error(
    `${name} ${version} is under "${licence}", which is not on the list of scripts/licenses.mjs.`,
  );
}
console.log(`${packages.length} packages, ${refused.length} refused`);
process.exit(refused.length > 0 ? 1 : 0);
