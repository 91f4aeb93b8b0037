import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** An event of the contract, as declared in its map of types. */
export interface EventDeclaration {
  readonly name: string;
  /** When it is sent, from its comment. */
  readonly summary: string;
  /** The type of its payload, or `undefined` if it has none. */
  readonly payload: string | undefined;
  /** The types of its acknowledgement, success first. */
  readonly answers: readonly string[];
}

/**
 * Reads an interface of events and handlers: names, comments and names of types, which no JSON
 * Schema of it would contain.
 * @throws Error if a member has another form than the others
 */
export function readEventMap(file: string, interfaceName: string): readonly EventDeclaration[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const map = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === interfaceName,
  );
  if (!map) throw new Error(`${file} has no interface ${interfaceName}`);
  return map.members.map((member) => declarationOf(member, source));
}

function declarationOf(member: ts.TypeElement, source: ts.SourceFile): EventDeclaration {
  const name = member.name?.getText(source) ?? '';
  const handler = ts.isPropertySignature(member) ? member.type : undefined;
  if (!handler || !ts.isFunctionTypeNode(handler)) throw new Error(`${name} is not declared as a function`);
  const [comment] = ts.getJSDocCommentsAndTags(member);
  const text = typeof comment?.comment === 'string' ? comment.comment : '';
  const summary = text.replaceAll(/\s+/g, ' ');
  if (summary === '') throw new Error(`${name} has no comment that says when it is sent`);
  const parameters = handler.parameters.map(({ type }) => type);
  const ack = parameters.find((type) => type !== undefined && ts.isFunctionTypeNode(type));
  const payload = parameters.find((type) => type !== ack);
  return {
    name,
    summary,
    payload: payload && payload.getText(source),
    answers: ack && ts.isFunctionTypeNode(ack) ? namesOf(ack.parameters[0]?.type, source) : [],
  };
}

function namesOf(type: ts.TypeNode | undefined, source: ts.SourceFile): readonly string[] {
  if (!type) return [];
  return ts.isUnionTypeNode(type)
    ? type.types.map((member) => member.getText(source))
    : [type.getText(source)];
}
