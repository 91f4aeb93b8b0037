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
const examples = codeBlocks(['docs/plain-websocket.md']).filter(({ language }) => language !== '');
/** A first build also compiles the packages of Go that the example uses. */
const BUILD_TIMEOUT_MS = 120_000;

/** Says why the examples in a language cannot run here; undefined if they can. */
const LACKING: Readonly<Record<string, string | undefined>> = {
  go: works('go', 'version') ? undefined : 'go is not installed',
  java: works('java', '--add-modules', 'jdk.compiler', '-version') ? undefined : 'no JDK is installed',
};

function works(program: string, ...args: string[]): boolean {
  return spawnSync(program, args).status === 0;
}

type Program = readonly [program: string, args: readonly string[]];

/** Puts an example into a folder, and returns how to run it. */
const PREPARE: Readonly<Record<string, (folder: string, code: string) => Program | Promise<Program>>> = {
  js: (folder, code) => {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return [process.execPath, [written(folder, 'example.mjs', code)]];
  },
  python: (folder, code) => ['/usr/bin/python3', [written(folder, 'example.py', code)]],
  go: async (folder, code) => {
    written(folder, 'main.go', code);
    for (const file of ['go.mod', 'go.sum'])
      copyFileSync(join(ROOT, 'test/fixtures/go-client', file), join(folder, file));
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

it('docs/plain-websocket.md has an example for each kind of client', () => {
  expect(examples.map(({ heading }) => heading)).toEqual(['Node.js', 'Browser', 'Python', 'Go', 'Java']);
});

for (const { heading, language, code } of examples) {
  const lacking = LACKING[language];
  const name = `the example for ${heading} prints prices`;
  (lacking === undefined ? it : it.skip)(
    lacking === undefined ? name : `${name} (skipped: ${lacking})`,
    async () => {
      const own = code.replaceAll('localhost:8002', `127.0.0.1:${gateway.port}`);
      const source = heading === 'Browser' ? BROWSER + own : own;
      const [program, args] = await PREPARE[language]!(await temporaryFolder(), source);
      const { PYTHONPATH = '' } = process.env;
      await runProgram(program, args, { PYTHONPATH });
    },
    BUILD_TIMEOUT_MS,
  );
}
