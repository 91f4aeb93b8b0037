// `npm run chart:readme` writes the table of values in the chart's README from values.yaml, so that
// the two never differ. `--check` writes nothing, and exits with 1 if they differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, parseDocument } from 'yaml';
import { root } from './prepare.mjs';

const CHART = join(root, 'helm/socket-gateway');
const BEGIN = '<!-- values: written by npm run chart:readme -->';
const END = '<!-- end of values -->';

const cell = (text) => text.replaceAll('|', '\\|');
/** The paragraph directly above the key. A paragraph before a blank line describes the file. */
const described = (comment = '') =>
  cell(
    comment
      .split(/\n\s*\n/)
      .at(-1)
      .split('\n')
      .map((line) => line.trim())
      .join(' ')
      .trim(),
  );

/**
 * Maps are expanded. An empty value, or one that is written in one line such as `{ cpu: 500m }`, is
 * a value.
 */
function rows(map, path = []) {
  return map.items.flatMap(({ key, value }, n) => {
    const name = [...path, key.value];
    // The parser assigns the comment before the first key to the map.
    const comment = key.commentBefore ?? (n === 0 && path.length > 0 ? map.commentBefore : undefined);
    if (isMap(value) && value.items.length > 0 && !value.flow) {
      const own = comment ? [`| **\`${name.join('.')}\`** | | ${described(comment)} |`] : [];
      return [...own, ...rows(value, name)];
    }
    return [
      `| \`${name.join('.')}\` | \`${cell(JSON.stringify(value.toJSON()))}\` | ${described(comment)} |`,
    ];
  });
}

const document = parseDocument(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
const table = ['| value | default | |', '| --- | --- | --- |', ...rows(document.contents)].join('\n');

const file = join(CHART, 'README.md');
const text = readFileSync(file, 'utf8');
const [before, rest] = text.split(BEGIN);
const after = rest.split(END)[1];
const written = `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
if (process.argv.includes('--check')) {
  if (written !== text) {
    console.error('The README of the chart is not what values.yaml says: npm run chart:readme');
    process.exit(1);
  }
} else writeFileSync(file, written);
