import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { built } from './client-packages.js';
import { type CodeBlock, ROOT } from './code-blocks.js';

/** No code in a document may be rejected by the gateway. */
const NOT_REFUSED = `socket.on('error', (error) => {
  console.error('refused:', error);
  process.exit(1);
});`;
/**
 * Appended to a block that does not end by itself: waits until its handlers had an update and its
 * requests were answered.
 */
const UNTIL_DATA = `await new Promise((resolve) => socket.once('underlying_update', () => setImmediate(resolve)));
await socket.emitWithAck('list_subscriptions');
process.exit(0);`;

/**
 * Whether the block uses `socket`, and so needs an end to run. Names of packages contain the word
 * too.
 */
export const usesSocket = ({ code }: CodeBlock): boolean =>
  /\bsocket\b/.test(code.replaceAll(/^import .*$/gm, ''));

export const fileOf = ({ name, language }: CodeBlock): string =>
  `${name.replaceAll(/[/:.]/g, '_')}.${language === 'tsx' ? 'tsx' : 'ts'}`;

/** The code, with the names defined that the page assumes. */
export function withSocket(block: CodeBlock, use: 'check' | 'run'): string {
  const { code } = block;
  const helpers = use === 'check' ? CHECKED_NAMES.filter((name) => !defines(code, name)).map(declared) : [];
  const needsSocket = usesSocket(block) && !defines(code, 'socket');
  const opens = `const socket: import('socket.io-client').Socket<Contract.ServerToClientEvents, Contract.ClientToServerEvents> = io('http://localhost:8002', { transports: ['websocket'] });`;
  const io =
    /\bio\b/.test(code + opens) && !/import .*\bio\b/.test(code)
      ? "import { io } from 'socket.io-client';"
      : '';
  const contract = `import type * as Contract from '${join(ROOT, 'src/contract/index.js')}';`;
  const runs = use === 'run' && usesSocket(block);
  return [
    contract,
    io,
    needsSocket ? opens : '',
    runs && needsSocket ? NOT_REFUSED : '',
    ...helpers,
    code,
    runs && !needsSocket ? NOT_REFUSED : '',
    runs ? UNTIL_DATA : '',
    'export {};',
  ].join('\n');
}

/** Names of the reader's own application. */
const CHECKED_NAMES = [
  'currentToken',
  'newToken',
  'signIn',
  'fetchToken',
  'stale',
  'client',
  'url',
  'session',
  'root',
  'publisher',
  'signal',
] as const;
const declared = (name: (typeof CHECKED_NAMES)[number]) =>
  name.endsWith('Token') || name === 'signIn'
    ? `declare function ${name}(...args: unknown[]): Promise<string>;`
    : `declare const ${name}: ${name === 'stale' ? 'Set<string>' : 'any'};`;
const defines = (code: string, name: string): boolean =>
  new RegExp(
    `(?:const|let|function)\\s+${name}\\b|(?:const|let|import)\\s+\\{[^}]*\\b${name}\\b[^}]*\\}`,
  ).test(code);

/**
 * The compiler's errors in the blocks, each with the block's file. One program checks all blocks,
 * because starting one takes seconds.
 */
export function scriptProblems(blocks: readonly CodeBlock[]): string[] {
  const sources = new Map(
    blocks.map((block) => [join(ROOT, 'test', fileOf(block)), withSocket(block, 'check')]),
  );
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    jsx: ts.JsxEmit.ReactJSX,
    types: ['node', 'vite/client'], // the latter for `import.meta.hot`
    noImplicitAny: false, // the blocks are JavaScript without types
    skipLibCheck: true,
    noEmit: true,
    paths: Object.fromEntries(Object.entries(built('types')).map(([name, file]) => [name, [file]])),
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => sources.get(file) ?? readFile(file);
  host.fileExists = (file) => sources.has(file) || fileExists(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = sources.get(file);
    return text === undefined
      ? getSourceFile(file, language, ...rest)
      : ts.createSourceFile(file, text, language);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}

/**
 * A block that compiles only if the JSON is a payload of the event. A literal may have no extra
 * field.
 */
export function payloadBlock(name: string, event: string, payload: unknown): CodeBlock {
  const type = `Parameters<Contract.ServerToClientEvents['${event}']>[0]`;
  const code = `const example: ${type} = ${JSON.stringify(payload)};\nvoid example;`;
  return { name, language: 'ts', code, heading: event, runs: false };
}

export function shellProblems(code: string): string[] {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: code });
  const problems = status === 0 ? [] : [String(stderr)];
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const line of code.split('\n').map((text) => text.replace(/\s+#.*$/, ''))) {
    const [, script = ''] = /\bnpm (?:run )?((?<=run )[\w:-]+|test|start)\b/.exec(line) ?? [];
    if (script && !scripts[script]) problems.push(`there is no npm run ${script}`);
    for (const [file] of line.matchAll(
      /(?<![\w./:$-])(?:scripts|deploy|helm|clients|tools|docs)\/[\w./-]+/g,
    )) {
      if (!existsSync(join(ROOT, file))) problems.push(`there is no ${file}`);
    }
    const { [script]: command = '' } = scripts;
    const flags = line.split(' -- ')[1]?.match(/(?<=^|\s)--[a-z-]+/g) ?? [];
    for (const flag of flags) if (!knowsFlag(command, flag)) problems.push(`${script} has no ${flag}`);
  }
  return problems;
}

/** The sources of the programs' options, besides their main files. */
const OPTION_FILES = [
  'tools/simulator/feed-options.ts',
  'tools/demo-options.ts',
  'tools/faults/fault-options.ts',
  'tools/recording/record-options.ts',
  'bench/options.ts',
];

/**
 * Whether the program of an npm script knows a flag. Its sources then contain the name, as in
 * parseArgs or a comparison.
 */
function knowsFlag(command: string, flag: string): boolean {
  const [, folder, name] = /dist\/(\w+)\/(\w+)\.js/.exec(command) ?? [];
  if (folder === undefined) return true; // a flag of Jest
  const sources = [`${folder}/${name}.ts`, ...OPTION_FILES]
    .map((file) => join(ROOT, file))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join();
  return new RegExp(`['"\`]?(?:--)?\\b${flag.slice(2)}\\b['"\`]?`).test(sources);
}
