import { spawnSync } from 'node:child_process';
import { codeBlocks } from '../../support/code-blocks.js';
import { Command } from '../../support/command.js';
import { startFeed } from '../../support/docs-run.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { RedisServer } from '../../support/redis-server.js';
import { ask } from '../../support/rest-request.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { hs256, JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';

const PYTHON = '/usr/bin/python3';
const blocks = codeBlocks(['docs/rest.md']);
const of = (language: string) => blocks.filter((block) => block.language === language);
const works = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;

const HAS_PANDAS = works(PYTHON, '-c', 'import pandas');
const HAS_R = works('Rscript', '--version');

let redis: RedisServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await GatewayProcess.start({
    REDIS_URL: redis.url,
    AUTH_MODE: 'optional',
    JWT_SECRET,
    SECRET_KEY: 'p8Wq2Lm5Zx7Rt1Vb4Nc6Jd9Fg3Hk0Sy2',
  });
  await gateway.ready();
  startFeed(redis.url);
  const knows = async (path: string) => (await ask(gateway.url, path)).status === 200;
  await waitFor(() => knows('/v1/chains/NIFTY'), 'the feed sends no chain', 30_000);
  await waitFor(
    async () => (await ask(gateway.url, '/v1/prices?symbols=NIFTY,AAPL')).json.prices.length === 2,
  );
});

afterAll(async () => {
  await gateway?.stop();
  await redis?.stop();
});

/** Runs a program in a folder of its own, and returns what it printed. */
async function run(program: string, code: string, ...args: string[]): Promise<string> {
  const text = code
    .replaceAll('http://localhost:8002', gateway.url)
    .replaceAll('"Bearer ..."', JSON.stringify(`Bearer ${hs256()}`));
  const { PATH } = process.env;
  const options = { cwd: await temporaryFolder(), env: { PATH, TOKEN: hs256() } };
  const command = Command.spawn(program, [...args, text], options);
  expect([await command.exit(), command.output]).toEqual([0, expect.any(String)]);
  return command.output;
}

it('there is a block for each program', () => {
  expect(of('sh')).toHaveLength(3);
  expect(of('python')).toHaveLength(3);
  expect(of('r')).toHaveLength(1);
});

it('curl', async () => {
  const [simple, conditional, past] = of('sh');
  const output = await run('bash', simple!.code, '-ec');
  expect(output).toContain('{"products":["NIFTY"');
  expect(output).toContain('"prices":[{');
  expect(output).toMatch(/\nNIFTY,\d{4}-\d\d-\d\d,.*,live,.*,CALL,/);
  const file = 'cat nifty.etag nifty.csv';
  expect(await run('bash', `${conditional!.code}${file}`, '-ec')).toMatch(/^W\/"[^]*product,expiry,/);
  const pages = await run('bash', past!.code, '-ec');
  expect(pages).toContain('"columns":["timestamp","price"],"updates":[[');
  expect(pages).toMatch(/product,timestamp,open,high,low,close,count\r\nNIFTY,.*Z,\d/);
});

it('Python without further packages', async () => {
  const output = await run(PYTHON, of('python')[0]!.code, '-c');
  expect(output).toMatch(/^NIFTY [\d.]+ \d{4}-.*\nAAPL [\d.]+ .*\n\d+ options, \d+ calls\n$/);
});

(HAS_PANDAS ? it : it.skip)(`pandas${HAS_PANDAS ? '' : ' (skipped: it is not installed)'}`, async () => {
  expect(await run(PYTHON, of('python')[1]!.code, '-c')).toMatch(/option_type +CALL +PUT/);
  expect(await run(PYTHON, of('python')[2]!.code, '-c')).toMatch(/product +timestamp +price +gap\n/);
});

(HAS_R ? it : it.skip)(`R${HAS_R ? '' : ' (skipped: Rscript is not installed)'}`, async () => {
  expect(await run('Rscript', `${of('r')[0]!.code}\ncat(nrow(calls))`, '-e')).toMatch(/^\d+$/);
});
