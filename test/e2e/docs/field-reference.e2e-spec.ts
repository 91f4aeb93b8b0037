import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/code-blocks.js';
import { DOCUMENT } from '../../support/contract-document.js';

/** The parts of the schemas that are compared with the page. */
interface ObjectSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[];
}

interface PropertySchema {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly PropertySchema[];
}

interface Field {
  readonly name: string;
  readonly presence: string;
}

const PRESENCES = ['never', 'null', 'absent', 'absent or null'];
const text = readFileSync(join(__dirname, '../../../docs/field-reference.md'), 'utf8');

/** The tables of the page, as schemas (named in brackets in the headings) with their fields. */
function documented(page: string): Record<string, readonly Field[]> {
  const sections = page.split(/^### /m).slice(1);
  const tables = sections.map((section): [string, readonly Field[]] => {
    const [, schema = ''] = /^.*\(`(\w+)`\)$/m.exec(section.split('\n', 1)[0]!) ?? [];
    const fields = [...section.matchAll(/^\| `(\w+)` \| [^|]* \| ([^|]*) \|/gm)].map(
      ([, name = '', presence = '']) => ({ name, presence }),
    );
    return [schema, fields];
  });
  expect(new Set(tables.map(([schema]) => schema)).size).toBe(tables.length);
  return Object.fromEntries(tables);
}

function contracted(): Record<string, readonly Field[]> {
  const ofHttp = JSON.parse(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8')) as typeof DOCUMENT;
  const all = { ...ofHttp.components.schemas, ...DOCUMENT.components.schemas };
  const schemas = Object.entries(all as Readonly<Record<string, ObjectSchema>>);
  return Object.fromEntries(
    schemas
      .filter(([, { properties }]) => properties)
      .map(([schema, { properties = {}, required = [] }]) => [
        schema,
        Object.entries(properties).map(([name, property]) => ({
          name,
          presence: PRESENCES[(isNullable(property) ? 1 : 0) + (required.includes(name) ? 0 : 2)]!,
        })),
      ]),
  );
}

function isNullable({ type, anyOf = [] }: PropertySchema): boolean {
  return type === 'null' || (Array.isArray(type) && type.includes('null')) || anyOf.some(isNullable);
}

const sorted = (tables: Record<string, readonly Field[]>) =>
  Object.fromEntries(
    Object.entries(tables).map(([schema, fields]) => [
      schema,
      [...fields].sort((a, b) => (a.name < b.name ? -1 : 1)),
    ]),
  );

it('names every field of every payload, whether it may be absent or null, and no other field', () => {
  expect(sorted(documented(text))).toEqual(sorted(contracted()));
});

it('describes the meaning of every field', () => {
  const rows = text.split('\n').filter((line) => /^\| `\w+` \| [^|]* \| (?:never|null|absent)/.test(line));
  expect(rows.length).toBeGreaterThan(100);
  for (const row of rows) expect(row).toMatch(/\| \S[^|]* \|$/);
});
