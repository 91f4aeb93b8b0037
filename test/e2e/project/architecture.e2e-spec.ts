import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { ROOT } from '../../support/code-blocks.js';

const SRC = join(ROOT, 'src');

/**
 * Maps each file of `src/` to the other files of `src/` that it imports, without specs and their
 * helpers.
 */
function readImports(): Map<string, string[]> {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'));
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(SRC, file), 'utf8');
      const imported = [...text.matchAll(/\bfrom '(\.[^']+)\.js'|\bimport\('(\.[^']+)\.js'\)/g)];
      return [file, imported.map(([, from, lazy]) => posix.join(posix.dirname(file), `${from ?? lazy}.ts`))];
    }),
  );
}

const folderOf = (file: string): string => file.split('/')[0] ?? '';

/** The first cycle that a depth-first search finds, as a list of nodes, or undefined. */
function findCycle(edges: ReadonlyMap<string, Iterable<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/**
 * Maps each folder of `src/` to the folders that the table in docs/architecture.md allows it to
 * import.
 */
function readTable(): Map<string, Set<string>> {
  const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z-]+)\/` \|[^|]*\| ([^|]*) \|$/gm)];
  return new Map(
    rows.map(([, folder = '', allowed = '']) => [
      folder,
      new Set(allowed === 'nothing' ? [] : allowed.split(', ')),
    ]),
  );
}

describe('the imports of src/', () => {
  const imports = readImports();
  const folders = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    if (!file.includes('/')) continue; // main.ts imports the code that it starts
    const known = folders.get(folderOf(file)) ?? new Set();
    for (const target of targets) if (folderOf(target) !== folderOf(file)) known.add(folderOf(target));
    folders.set(folderOf(file), known);
  }

  it('are found', () => {
    expect(imports.get('main.ts')).toContain('app/serve.ts');
    for (const targets of imports.values()) {
      for (const target of targets) expect(imports.has(target) ? '' : target).toBe('');
    }
  });

  it('form no cycle of files', () => {
    expect(findCycle(imports)).toBeUndefined();
  });

  it('form no cycle of folders', () => {
    expect(findCycle(folders)).toBeUndefined();
  });

  it('are allowed by docs/architecture.md', () => {
    const table = readTable();
    expect([...table.keys()].sort()).toEqual([...folders.keys()].sort());
    const actual = [...folders].map(([folder, used]) => [folder, [...used].sort()]);
    const allowed = [...folders].map(([folder]) => [folder, [...(table.get(folder) ?? [])].sort()]);
    expect(actual).toEqual(allowed);
  });

  it('finds a cycle when there is one', () => {
    const edges = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(findCycle(edges)).toEqual(['b', 'c', 'b']);
  });
});
