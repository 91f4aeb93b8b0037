import { createGenerator, type Schema } from 'ts-json-schema-generator';
import { CLOSINGS, CONNECT_ERROR_CODES, ERROR_CODES, REQUEST_RULES } from '../../src/contract/index.js';

export type Schemas = Readonly<Record<string, object>>;

/** The meaning of the contract's enumerations, which JSON Schema cannot express. */
const ENUMERATIONS: Readonly<Record<string, object>> = {
  ErrorCode: { 'x-enum-descriptions': ERROR_CODES },
  ConnectErrorCode: {
    'x-enum-descriptions': Object.fromEntries(CONNECT_ERROR_CODES.map((code) => [code, ERROR_CODES[code]])),
  },
  ClosingCode: {
    'x-enum-descriptions': Object.fromEntries(
      Object.entries(CLOSINGS).map(([code, { message }]) => [code, message]),
    ),
    'x-closings': Object.fromEntries(
      Object.entries(CLOSINGS).map(([code, { closeCode, reconnect }]) => [code, { closeCode, reconnect }]),
    ),
  },
};

/**
 * JSON Schemas of types of the contract and of all types they refer to, by name. The descriptions
 * are their comments.
 */
export function schemasOf(entry: string, tsconfig: string, types: readonly string[]): Schemas {
  const generator = createGenerator({
    path: entry,
    tsconfig,
    expose: 'export',
    jsDoc: 'extended',
    additionalProperties: false,
    extraTags: ['additionalProperties'],
    skipTypeCheck: true,
    sortProps: false,
  });
  const definitions: Record<string, Schema> = {};
  for (const type of types) Object.assign(definitions, generator.createSchema(type).definitions);
  const rules: Readonly<Record<string, object>> = REQUEST_RULES;
  const named = Object.entries(definitions)
    .map(([name, schema]): [string, object] => [
      name,
      { ...(moved(schema, definitions) as object), ...ENUMERATIONS[name], ...rules[name] },
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(named);
}

/**
 * Makes references point to the schemas in the document. A reference with its own description is
 * replaced by the schema, because draft 7 ignores everything next to `$ref`.
 */
function moved(value: unknown, definitions: Readonly<Record<string, Schema>>): unknown {
  if (Array.isArray(value)) return value.map((item) => moved(item, definitions));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, ...rest } = value as { readonly $ref?: string };
  if ($ref === undefined) {
    return Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, moved(item, definitions)]));
  }
  const name = $ref.replace('#/definitions/', '');
  if (Object.keys(rest).length === 0) return { $ref: `#/components/schemas/${name}` };
  return { ...(moved(definitions[name], definitions) as object), ...rest };
}
