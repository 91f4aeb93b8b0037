import 'reflect-metadata';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Environment } from '../../../src/config/environment.js';
import { ClientEvent, CLOSINGS, ERROR_CODES, ServerEvent } from '../../../src/contract/index.js';
import { HANDSHAKE_REJECTIONS } from '../../../src/admission/handshake-rejection.js';
import { allMetrics } from '../../support/all-metrics.js';

const ROOT = join(__dirname, '../../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The rows of the Markdown tables in a text, as cells without back-ticks. */
function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

it('docs/configuration.md lists every variable with its default, and no other', () => {
  const documented = Object.fromEntries(
    rows(read('docs/configuration.md')).map(([name, value]) => [name, value]),
  );
  const actual = Object.fromEntries(
    Object.entries({ ...new Environment() }).map(([name, value]) => [
      name,
      value === undefined ? '(see right)' : String(value),
    ]),
  );
  expect(documented).toEqual(actual);
});

it('docs/operations.md lists every metric with its kind, and no other', async () => {
  const documented = rows(read('docs/operations.md')).flatMap(([name = '', kind = '']) =>
    name.startsWith('socket_gateway_') ? [`${name} ${kind}`] : [],
  );
  const text = await allMetrics();
  const actual = [...text.matchAll(/^# TYPE (socket_gateway_\w+) (\w+)$/gm)].map(
    ([, name, kind]) => `${name} ${kind}`,
  );
  expect(documented.sort()).toEqual(actual.sort());
});

it('docs/operations.md lists every reason for rejecting a client, and every closing and error code', () => {
  const tables = rows(read('docs/operations.md'));
  const refusals = tables.filter(
    ([reason = '', answer = '']) => /^[a-z_]+$/.test(reason) && /^(?:yes|no)\b/.test(answer),
  );
  expect(
    refusals.map(([reason, answer, status]) => [reason, answer!.startsWith('yes'), Number(status)]),
  ).toEqual(
    Object.entries(HANDSHAKE_REJECTIONS).map(([reason, { retry, status }]) => [reason, retry, status]),
  );
  const coded = tables.filter(([code = '']) => /^[A-Z_]+$/.test(code));
  const errors = coded.filter((cells) => cells.length === 2);
  expect(errors.map(([code]) => code)).toEqual(Object.keys(ERROR_CODES));
  const closings = coded.filter(([, closeCode = '']) => /^\d+$/.test(closeCode));
  expect(closings).toEqual(
    Object.entries(CLOSINGS).map(([code, { closeCode, reconnect }]) => [
      code,
      `${closeCode}`,
      reconnect ? 'yes' : 'no',
    ]),
  );
});

it('docs/ordering-and-freshness.md lists every error code and closing code', () => {
  const text = read('docs/ordering-and-freshness.md');
  const coded = rows(text).filter(([code = '']) => /^[A-Z_]+$/.test(code));
  const errors = coded.flatMap(([code, ...rest]) => (rest.length === 1 ? [[code, rest[0]]] : []));
  expect(Object.fromEntries(errors)).toEqual(
    Object.fromEntries(Object.entries(ERROR_CODES).map(([code, text]) => [code, text.replaceAll('`', '')])),
  );
  const closings = coded.flatMap(([code, ...rest]) => (rest.length === 3 ? [[code, rest]] : []));
  expect(Object.fromEntries(closings)).toEqual(
    Object.fromEntries(
      Object.entries(CLOSINGS).map(([code, { closeCode, reconnect, message }]) => [
        code,
        [`${closeCode}`, reconnect ? 'yes' : 'no', message],
      ]),
    ),
  );
});

it('docs/events.md lists every event, and docs/migration.md every event that is new since the Flask service', () => {
  const text = read('docs/events.md');
  const migration = read('docs/migration.md');
  for (const event of [...Object.values(ClientEvent), ...Object.values(ServerEvent)]) {
    expect(text).toContain(`\`${event}\``);
    expect(migration).toContain(`\`${event}\``);
  }
});

it('links in the documents point to existing targets', () => {
  const documents = [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'bench/README.md',
    'SECURITY.md',
    'clients/python/README.md',
    'clients/typescript/README.md',
    'helm/socket-gateway/README.md',
    ...readdirSync(join(ROOT, 'docs'), { recursive: true }).map((file) => `docs/${String(file)}`),
  ];
  const broken = documents
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g)]
        .filter(([, target = '', anchor]) => !leads(target && join(dirname(file), target), anchor, file))
        .map(([link]) => `${file}: ${link}`),
    );
  expect(broken).toEqual([]);
});

/**
 * Whether the linked file exists and, if the link has a fragment, whether the file has such a
 * heading.
 */
function leads(target: string, anchor: string | undefined, from: string): boolean {
  const file = target || from;
  if (!existsSync(join(ROOT, file))) return false;
  if (anchor === undefined || !file.endsWith('.md')) return true;
  const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-')}`,
  );
  return headings.includes(anchor);
}
