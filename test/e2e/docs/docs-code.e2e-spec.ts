import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ServerEvent } from '../../../src/contract/index.js';
import { built, PYTHON_PATH } from '../../support/client-packages.js';
import { blocksOf, type CodeBlock, codeBlocks, documents, ROOT } from '../../support/code-blocks.js';
import {
  fileOf,
  payloadBlock,
  scriptProblems,
  shellProblems,
  usesSocket,
  withSocket,
} from '../../support/code-checks.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { runProgram, startFeed } from '../../support/docs-run.js';
import { Recording } from '../../support/recording.js';
import { RedisServer } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SCRIPTS: ReadonlySet<string> = new Set(['js', 'ts', 'tsx']);
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash']);
/** These are text, diagrams, and what the tests of their own pages and of the deployment check. */
const UNTRIED: ReadonlySet<string> = new Set(['', 'r', 'powerquery', 'yaml', 'ini', 'go', 'java']);
const LANGUAGES: ReadonlySet<string> = new Set([...SCRIPTS, ...SHELLS, 'python', 'json']);

const all = codeBlocks();
const of = (languages: ReadonlySet<string>, blocks: readonly CodeBlock[] = all) =>
  blocks
    .filter(({ language }) => languages.has(language))
    .map((block): [string, CodeBlock] => [block.name, block]);

it('there are blocks to check, and blocks marked to run are in a language that can run', () => {
  expect(all.length).toBeGreaterThan(20);
  const lost = all.filter(({ runs, language }) => runs && !SCRIPTS.has(language) && language !== 'python');
  expect(lost.map(({ name }) => name)).toEqual([]);
  expect(all.filter(({ runs }) => runs).length).toBeGreaterThan(3);
});

it('every block is in a known language or in none, and every mark is followed by a block', () => {
  const others = all.filter(({ language }) => !LANGUAGES.has(language) && !UNTRIED.has(language));
  expect(others.map(({ name, language }) => `${name}: ${language}`)).toEqual([]);
  const marks = documents().flatMap(
    (file) => readFileSync(join(ROOT, file), 'utf8').match(/^\s*<!--.*\brun.*-->/gim) ?? [],
  );
  expect(all.filter(({ runs }) => runs)).toHaveLength(marks.length);
});

describe('JSON', () => {
  it('parses, and matches the event of its heading', () => {
    const events: ReadonlySet<string> = new Set(Object.values(ServerEvent));
    const examples = of(new Set(['json'])).flatMap(([name, { code, heading }]) => {
      const payload = JSON.parse(code) as unknown;
      const named = heading.split(', ').filter((event) => events.has(event));
      return named.map((event) => payloadBlock(`${name}:${event}`, event, payload));
    });
    expect(examples.length).toBeGreaterThanOrEqual(events.size);
    expect(scriptProblems(examples)).toEqual([]);
  });

  it('docs/events.md shows JSON for every event of the gateway', () => {
    const shown = codeBlocks(['docs/events.md']).filter(({ language }) => language === 'json');
    const headings = shown.flatMap(({ heading }) => heading.split(', '));
    expect(headings).toEqual(expect.arrayContaining(Object.values(ServerEvent)));
    expect(headings).toHaveLength(Object.values(ServerEvent).length);
  });

  it('is rejected if a field is missing, unknown or of another type', () => {
    const right = { room: 'chain:NIFTY', updates: 2 };
    const examples = [right, { room: 'x' }, { ...right, more: 1 }, { ...right, updates: '2' }];
    const blocks = examples.map((example, index) => payloadBlock(`example${index}`, 'snapshot', example));
    expect(scriptProblems(blocks).map((problem) => /example\d/.exec(problem)?.[0])).toEqual([
      'example1',
      'example2',
      'example3',
    ]);
  });
});

describe('JavaScript and TypeScript', () => {
  it('compile against the contract', () => {
    expect(scriptProblems(of(SCRIPTS).map(([, block]) => block))).toEqual([]);
  });

  it('do not compile with an unknown event, field, type or package', () => {
    const broken = [
      "socket.emit('subscribbe', { type: 'product' });",
      "socket.on('underlying_update', ({ prize }) => console.log(prize));",
      "socket.emit('subscribe', { type: 'room', symbol: 'NIFTY' });",
      "import { x } from '@deltastream/nothing';\nx();",
    ];
    const blocks = broken.flatMap((code, index) => blocksOf(`broken${index}`, `\`\`\`js\n${code}\n\`\`\``));
    const told = new Set(scriptProblems(blocks).map((problem) => /broken\d/.exec(problem)?.[0]));
    expect([...told].sort()).toEqual(['broken0', 'broken1', 'broken2', 'broken3']);
  });
});

describe('Python', () => {
  const compiles = (code: string) =>
    spawnSync('/usr/bin/python3', ['-c', 'import sys; compile(sys.stdin.read(), "block", "exec")'], {
      input: code,
    });

  it('compiles', () => {
    for (const [name, { code }] of of(new Set(['python']))) {
      const { status, stderr } = compiles(code);
      expect([name, status, String(stderr)]).toEqual([name, 0, '']);
    }
    expect(compiles('def broken(:').status).not.toBe(0);
  });
});

describe('shell', () => {
  it.each(of(SHELLS))('%s parses, and what it names exists', (_, { code }) => {
    expect(shellProblems(code)).toEqual([]);
  });

  it.each(['if true; then', 'npm run nothing', 'node scripts/nothing.mjs', 'npm run bench -- --nothing'])(
    'invalid shell is reported: %s',
    (code) => expect(shellProblems(code)).not.toEqual([]),
  );
});

describe('code that is marked to run', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
    await gateway.ready();
    startFeed(redis.url);
  });

  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  async function run(block: CodeBlock, recording: Recording): Promise<void> {
    const folder = await temporaryFolder();
    const at = (text: string) =>
      text.replaceAll(/https?:\/\/(?:localhost:8002|gateway\.example\.com)/g, gateway.url);
    if (block.language === 'python') {
      const file = join(folder, 'block.py');
      writeFileSync(file, at(block.code));
      await runProgram(...recording.command(file), { PYTHONPATH: PYTHON_PATH, ...recording.env });
      return;
    }
    const source = join(folder, fileOf(block));
    const file = join(folder, 'block.mjs');
    writeFileSync(source, at(withSocket(block, 'run')));
    await build({
      entryPoints: [source],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      alias: built('module'),
      external: ['socket.io-client'], // the page's script uses the recorded one
      nodePaths: [join(ROOT, 'node_modules')],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await runProgram(...recording.command(file), recording.env, { hasEnd: usesSocket(block) });
  }

  const marked = all.filter(({ runs }) => runs);
  it.each(of(LANGUAGES, marked))('%s runs against a gateway, and keeps to the contract', async (_, block) => {
    const recording = await Recording.start();
    await run(block, recording);
    expect(recording.kinds()).toContain('received connected');
  });

  const own = "const socket = io('http://localhost:8002');\n";
  it.each([
    ['is refused', "socket.emit('subscribe', { type: 'product', symbol: 'NO SUCH' });"],
    [
      'is refused on a socket of its own',
      `${own}socket.on('connect', () => socket.emit('subscribe', { type: 'chain' }));`,
    ],
    ['throws in a handler', "socket.on('underlying_update', ({ price }) => price.nothing.at(0));"],
    ['throws', `${own}throw new Error('of the block');`],
  ])('a block that %s fails the test', async (_, code) => {
    const [block] = blocksOf('broken', `\`\`\`js\n${code}\n\`\`\``);
    await expect(run(block!, await Recording.open())).rejects.toThrow(/refused:|TypeError|of the block/);
  });
});
