// Checks Kubernetes manifests against the types of their kinds. It is a separate process, because
// the packages with the types are ESM only. It reads a JSON list of manifests from standard input,
// and writes a list of problems for each of them.
//
// Each manifest is checked twice, because neither check is complete. The packages' validators check
// values (patterns, bounds, enumerations) but ignore unknown fields. Their TypeScript types contain
// every field, so this program compares the manifest with them.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const HERE = dirname(fileURLToPath(import.meta.url));

/** The groups of CRDs. All other groups belong to Kubernetes. */
const PACKAGES = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'keda.sh': '@kubernetes-models/keda',
};
/** The kinds that no package contains. */
const OWN_TYPES = {
  'gateway.envoyproxy.io/v1alpha1': './envoy-gateway.js',
  'networking.gke.io/v1': './gke.js',
};

function moduleOf({ apiVersion }) {
  if (OWN_TYPES[apiVersion]) return OWN_TYPES[apiVersion];
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return `${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}`;
}

const keyOf = ({ apiVersion, kind }) => `${apiVersion} ${kind}`;

/** The type of each kind, from a program that imports all of them. */
function typesOf(manifests) {
  const kinds = [...new Map(manifests.map((manifest) => [keyOf(manifest), manifest])).values()];
  const source = kinds
    .map(
      (manifest, n) =>
        `import type { I${manifest.kind} as T${n} } from '${moduleOf(manifest)}';\nexport declare const v${n}: T${n};`,
    )
    .join('\n');
  const entry = join(HERE, '__kinds.ts');
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => file === entry || fileExists(file);
  host.readFile = (file) => (file === entry ? source : readFile(file));
  host.getSourceFile = (file, ...rest) =>
    file === entry ? ts.createSourceFile(file, source, ts.ScriptTarget.ES2022) : getSourceFile(file, ...rest);
  const program = ts.createProgram([entry], options, host);
  const file = program.getSourceFile(entry);
  const wrong = program
    .getSemanticDiagnostics(file)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  if (wrong.length > 0) throw new Error(`A kind has no type: ${wrong.join('; ')}`);
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
  const types = new Map(
    kinds.map((manifest, n) => [
      keyOf(manifest),
      checker.getTypeOfSymbol(exported.find(({ name }) => name === `v${n}`)),
    ]),
  );
  return { checker, types };
}

const { Any, Unknown, Null, Undefined, String: Text, Number: Numeric, Boolean: Bool } = ts.TypeFlags;
const nameOfValue = (value) => (value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value);

/** Whether a string, number, boolean or null is assignable to `type`. */
function isScalarOf(type, value) {
  if (type.flags & (Any | Unknown)) return true;
  if (type.flags & Null) return value === null;
  if (type.isLiteral()) return type.value === value;
  if (type.flags & ts.TypeFlags.BooleanLiteral) return type.intrinsicName === String(value);
  if (type.flags & Text) return typeof value === 'string';
  if (type.flags & Numeric) return typeof value === 'number';
  if (type.flags & Bool) return typeof value === 'boolean';
  return false;
}

function walk(checker, type, value, path, problems) {
  const choices = (type.isUnion() ? type.types : [type]).filter(({ flags }) => !(flags & Undefined));
  if (choices.some(({ flags }) => flags & (Any | Unknown))) return;
  const objects = choices.filter(({ flags }) => flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection));
  const lists = objects.filter((choice) => checker.isArrayType(choice));
  const records = objects.filter((choice) => !checker.isArrayType(choice));
  if (Array.isArray(value)) {
    if (lists.length === 0) return problems.push(`${path} is a list`);
    value.forEach((item, n) =>
      walk(checker, checker.getTypeArguments(lists[0])[0], item, `${path}[${n}]`, problems),
    );
  } else if (value !== null && typeof value === 'object') {
    if (records.length === 0) return problems.push(`${path} is an object`);
    for (const [name, field] of Object.entries(value)) {
      const known = records.flatMap((record) => checker.getPropertyOfType(record, name) ?? []);
      const indexed = records.flatMap(
        (record) => checker.getIndexTypeOfType(record, ts.IndexKind.String) ?? [],
      );
      if (known.length > 0)
        walk(checker, checker.getTypeOfSymbol(known[0]), field, `${path}.${name}`, problems);
      else if (indexed.length > 0) walk(checker, indexed[0], field, `${path}.${name}`, problems);
      else problems.push(`${path}.${name} is not known`);
    }
    if (records.length > 1) return;
    for (const property of checker.getPropertiesOfType(records[0])) {
      const optional = property.flags & ts.SymbolFlags.Optional;
      if (!optional && !(property.name in value)) problems.push(`${path}.${property.name} is missing`);
    }
  } else if (!choices.some((choice) => isScalarOf(choice, value))) {
    problems.push(`${path} is ${nameOfValue(value)}, but must be ${checker.typeToString(type)}`);
  }
}

async function problemsOf(manifest, { checker, types }) {
  const problems = [];
  walk(checker, types.get(keyOf(manifest)), manifest, manifest.kind, problems);
  if (OWN_TYPES[manifest.apiVersion]) return problems;
  const { [manifest.kind]: Model } = await import(moduleOf(manifest));
  try {
    new Model(manifest).validate();
  } catch (error) {
    problems.push(error.message);
  }
  return problems;
}

const manifests = JSON.parse(readFileSync(0, 'utf8'));
const types = typesOf(manifests);
console.log(JSON.stringify(await Promise.all(manifests.map((manifest) => problemsOf(manifest, types)))));
