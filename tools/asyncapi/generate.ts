import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Diagnostic, Parser } from '@asyncapi/parser';
import { stringify as toYaml } from 'yaml';
import { documentOf } from './document.js';
import { readEventMap } from './event-maps.js';
import { schemasOf } from './schemas.js';

/** The committed files: maps the path of each file, relative to the project's root, to its text. */
export type Artefacts = ReadonlyMap<string, string>;

export const YAML_FILE = 'docs/asyncapi.yaml';
export const JSON_FILE = 'docs/asyncapi.json';
/** AsyncAPI 3.1 exists, but most tools read 3.0. */
const NEWER_VERSION = 'asyncapi-latest-version';

/** @param root the project's folder */
export function describeContract(root: string): object {
  const contract = join(root, 'src/contract');
  const events = join(contract, 'events.ts');
  const clientEvents = readEventMap(events, 'ClientToServerEvents');
  const serverEvents = readEventMap(events, 'ServerToClientEvents');
  const types = new Set(['ConnectRejection', 'Done', 'RequestRejection']);
  for (const { payload, answers } of [...clientEvents, ...serverEvents]) {
    if (payload !== undefined) types.add(payload);
    for (const answer of answers) if (answer !== 'Acknowledgement') types.add(answer);
  }
  const schemas = schemasOf(join(contract, 'index.ts'), join(root, 'tsconfig.json'), [...types]);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return documentOf({ version, clientEvents, serverEvents, schemas });
}

/**
 * The document in each of its forms.
 * @throws Error if AsyncAPI's own parser reports a problem
 */
export async function generate(root: string): Promise<Artefacts> {
  const json = `${JSON.stringify(describeContract(root), null, 2)}\n`;
  const { document, diagnostics } = await new Parser().parse(json);
  const problems = diagnostics.filter(({ code }) => code !== NEWER_VERSION);
  if (!document || problems.length > 0) {
    throw new Error(`The document is not as it should be:\n${problems.map(lineOf).join('\n')}`);
  }
  return new Map([
    [JSON_FILE, json],
    [YAML_FILE, toYaml(JSON.parse(json), { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })],
  ]);
}

function lineOf({ code, path, message }: Diagnostic): string {
  return `${path.join('.')}: ${message} (${code})`;
}
