import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeBlocks, ROOT } from '../../support/code-blocks.js';
import { runProgram, startFeed } from '../../support/docs-run.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const run = promisify(execFile);
/** A first build also compiles the packages of Go that the example uses. */
const BUILD_TIMEOUT_MS = 120_000;

/** Pins the packages of the example in Go. */
const GO_MODULE = join(ROOT, 'test/fixtures/go-client');

const PAGES: Readonly<Record<string, readonly string[]>> = {
  'docs/plain-websocket.md': ['Node.js', 'Browser', 'Python', 'Go', 'Java'],
  'docs/server-sent-events.md': ['curl', 'Browser', 'Node.js', 'Python'],
};
const examplesOf = (page: string) => codeBlocks([page]).filter(({ language }) => language !== '');

/** Says why the examples in a language cannot run here; undefined if they can. */
const LACKING: Readonly<Record<string, string | undefined>> = {
  go: lackingForGo(),
  java: works('java', '--add-modules', 'jdk.compiler', '-version') ? undefined : 'no JDK is installed',
};

function works(program: string, ...args: string[]): boolean {
  return spawnSync(program, args).status === 0;
}

function lackingForGo(): string | undefined {
  if (!works('go', 'version')) return 'go is not installed';
  const { status } = spawnSync('go', ['mod', 'download'], { cwd: GO_MODULE, timeout: BUILD_TIMEOUT_MS });
  return status === 0 ? undefined : 'the packages of the example cannot be fetched';
}

type Program = readonly [program: string, args: readonly string[]];

/** Puts an example into a folder, and returns how to run it. */
const PREPARE: Readonly<Record<string, (folder: string, code: string) => Program | Promise<Program>>> = {
  js: (folder, code) => {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return [process.execPath, [written(folder, 'example.mjs', code)]];
  },
  python: (folder, code) => ['/usr/bin/python3', [written(folder, 'example.py', code)]],
  // `exec`, so that the shell does not outlive the program that it starts.
  sh: (folder, code) => ['/bin/sh', [written(folder, 'example.sh', `exec ${code}`)]],
  go: async (folder, code) => {
    written(folder, 'main.go', code);
    for (const file of ['go.mod', 'go.sum']) copyFileSync(join(GO_MODULE, file), join(folder, file));
    await run('go', ['build', '-o', 'example', '.'], { cwd: folder });
    return [join(folder, 'example'), []];
  },
  java: (folder, code) => ['java', [written(folder, 'Example.java', code)]],
};

function written(folder: string, name: string, code: string): string {
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
}

/** Pages have it; Node.js 20 has not. */
const BROWSER = "import { WebSocket } from 'ws';\n";

let redis: RedisServer;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({ REDIS_URL: redis.url });
  startFeed(redis.url);
});
afterAll(async () => {
  await gateway.stop();
  await redis.stop();
});

it.each(Object.entries(PAGES))('%s has an example for each kind of client', (page, headings) => {
  expect(examplesOf(page).map(({ heading }) => heading)).toEqual(headings);
});

describe.each(Object.keys(PAGES))('%s', (page) => {
  for (const { heading, language, code } of examplesOf(page)) {
    // The one of event streams runs in a real browser.
    if (heading === 'Browser' && !code.includes('WebSocket')) continue;
    const lacking = LACKING[language];
    const name = `the example for ${heading} prints prices`;
    (lacking === undefined ? it : it.skip)(
      lacking === undefined ? name : `${name} (skipped: ${lacking})`,
      async () => {
        const own = code.replaceAll('localhost:8002', `127.0.0.1:${gateway.port}`);
        const source = heading === 'Browser' ? BROWSER + own : own;
        const [program, args] = await PREPARE[language]!(await temporaryFolder(), source);
        const { PATH = '', PYTHONPATH = '' } = process.env;
        await runProgram(program, args, { PATH, PYTHONPATH });
      },
      BUILD_TIMEOUT_MS,
    );
  }
});
