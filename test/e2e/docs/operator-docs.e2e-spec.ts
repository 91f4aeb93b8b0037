import 'reflect-metadata';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allMetrics } from '../../support/all-metrics.js';
import { documents, ROOT } from '../../support/code-blocks.js';

/** The text of every source file of the gateway, without specs. */
function sources(): string[] {
  const folder = join(ROOT, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => readFileSync(join(folder, path), 'utf8'));
}

/** The arguments of a call, as text. `from` is the position after the opening parenthesis. */
function argumentsAt(text: string, from: number): string[] {
  const parts: string[] = [];
  let start = from;
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if ('([{'.includes(character)) depth++;
    else if (depth === 0 && ',)'.includes(character)) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
      if (character === ')') return parts;
    } else if (')]}'.includes(character)) depth--;
  }
  return parts;
}

/**
 * Maps the events that the gateway logs to their levels. The event is the second argument of every
 * kind of log call.
 */
function loggedEvents(): Record<string, string> {
  const events = sources().flatMap((text) => {
    const calls = [...text.matchAll(/\.(debug|info|warn|error|fatal)\(/g)].flatMap((call) => {
      const [, event = ''] = argumentsAt(text, call.index + call[0].length);
      const [, name] = /^'(\w+)'$/.exec(event) ?? [];
      return name === undefined ? [] : [[name, call[1]!]];
    });
    const ofClients = [...text.matchAll(/clientLog\.rooms\(\w+, \w+, '(\w+)'\)/g)];
    return [...calls, ...ofClients.map(([, name]) => [name!, 'info'])];
  });
  return Object.fromEntries(events) as Record<string, string>;
}

it('docs/support.md lists every event of the log with its level, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/support.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(\w+)` \| (debug|info|warn|error|fatal) \|/gm)];
  expect(Object.fromEntries(documented.map(([, event, level]) => [event, level]))).toEqual(loggedEvents());
  expect(documented.length).toBeGreaterThan(50);
});

it('docs/operations.md has every key that the gateway has in Redis', () => {
  const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const keys = new Set(sources().flatMap((source) => source.match(/(?<=')socket-gateway:[a-z-]+/g) ?? []));
  expect(keys.size).toBeGreaterThanOrEqual(5);
  expect([...keys].filter((key) => !text.includes(`\`${key}`))).toEqual([]);
});

it('every metric named in a document exists', async () => {
  const series = [...(await allMetrics()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name, kind]) =>
    kind === 'histogram' ? ['', '_bucket', '_sum', '_count'].map((part) => `${name}${part}`) : [name],
  );
  const known = new Set([...series, ...Object.keys(loggedEvents())]);
  const unknown = documents().flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const named = text.match(/\b(?:socket_gateway|process|nodejs)_[a-z0-9_]*[a-z0-9]\b(?!\*|_)/g) ?? [];
    return named.filter((name) => !known.has(name)).map((name) => `${file}: ${name}`);
  });
  expect(unknown).toEqual([]);
});

it('every source, test or script named in a document exists', () => {
  const files = ['src', 'test', 'tools', 'scripts', 'deploy', 'bench'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  );
  const lost = documents().flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const named = [...text.matchAll(/`((?:src|test|tools|scripts|deploy|bench)\/[\w./-]*\w)\/?`/g)];
    // `test/e2e/auth/auth` is short for `test/e2e/auth/auth.e2e-spec.ts`.
    return named
      .map(([, name]) => name!)
      .filter((name) => !files.some((path) => path === name || path.startsWith(`${name}.`)))
      .map((name) => `${file}: ${name}`);
  });
  expect(lost).toEqual([]);
});
