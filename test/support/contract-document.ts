import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

const FILE = join(__dirname, '../../docs/asyncapi.json');

interface Reference {
  readonly $ref: string;
}

interface Message {
  readonly name: string;
  readonly payload?: object;
  readonly examples?: readonly { readonly name: string; readonly payload: unknown }[];
}

interface Operation {
  readonly action: 'send' | 'receive';
  readonly messages: readonly Reference[];
  readonly reply?: { readonly messages: readonly Reference[] };
}

export interface AsyncApiDocument {
  readonly asyncapi: string;
  readonly info: { readonly version: string; readonly description: string };
  readonly operations: Readonly<Record<string, Operation>>;
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

export const DOCUMENT = JSON.parse(readFileSync(FILE, 'utf8')) as AsyncApiDocument;

/** Not part of JSON Schema, and not used for validation. */
const EXTENSIONS = ['x-enum-descriptions', 'x-closings'];

const ajv = new Ajv({ allowUnionTypes: true, strict: true, keywords: EXTENSIONS });
addFormats(ajv);

/** The references name only the schema, because Ajv knows the schemas by name. */
const bare = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '')) as object;

for (const [name, schema] of Object.entries(DOCUMENT.components.schemas)) ajv.addSchema(bare(schema), name);

const messageOf = ({ $ref }: Reference): Message => DOCUMENT.components.messages[$ref.split('/').at(-1)!]!;
const validators = new Map<string, ValidateFunction>();
for (const { name, payload } of Object.values(DOCUMENT.components.messages)) {
  if (payload) validators.set(name, ajv.compile(bare(payload)));
}

const operations = Object.values(DOCUMENT.operations);
const namesOf = (action: Operation['action']): ReadonlySet<string> =>
  new Set(
    operations.flatMap((operation) =>
      operation.action === action ? operation.messages.map((message) => messageOf(message).name) : [],
    ),
  );

/** The events that the gateway receives, and those it sends. */
export const REQUESTS = namesOf('receive');
export const EVENTS = namesOf('send');

/**
 * The problem of a message's payload according to the document, or `undefined`. A message without a
 * schema accepts any payload.
 */
export function problemOf(message: string, payload: unknown): string | undefined {
  const validate = validators.get(message);
  if (!validate || validate(payload)) return undefined;
  return ajv.errorsText(validate.errors, { dataVar: message });
}

/** The same for the acknowledgement of an event. */
export function answerProblemOf(event: string, answer: unknown): string | undefined {
  const replies = DOCUMENT.operations[event]?.reply?.messages.map((message) => messageOf(message).name);
  if (!replies) return `${event} has no acknowledgement`;
  const problems = replies.map((reply) => problemOf(reply, answer));
  return problems.includes(undefined) ? undefined : problems.join('; or: ');
}
