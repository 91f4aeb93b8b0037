import { join } from 'node:path';
import { codeBlocks } from '../support/code-blocks.js';
import { Application, ROOT } from './support/package.js';

const MODULES = join(ROOT, 'node_modules');

/** Runs with Jest what docs/testing.md shows, in an application with the packed package. */
const CONFIG = {
  testEnvironment: join(MODULES, 'jest-environment-jsdom'),
  moduleDirectories: ['node_modules', MODULES],
  transform: {
    '\\.tsx?$': [
      join(MODULES, '@swc/jest'),
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic' } },
          target: 'es2022',
        },
        module: { type: 'commonjs' },
      },
    ],
  },
};

let application: Application;
beforeAll(async () => {
  application = await Application.install();
  await application.write('jest.config.json', JSON.stringify(CONFIG));
});

const runJest = (file: string): Promise<string> =>
  application.node(join(MODULES, 'jest/bin/jest.js'), '--ci', '--runInBand', '--runTestsByPath', file);

function blockOf(heading: string): string {
  const block = codeBlocks(['docs/testing.md']).find((one) => one.heading === heading);
  if (!block) throw new Error(`docs/testing.md has no block below ${heading}`);
  return block.code;
}

it('the tests of a component in docs/testing.md pass', async () => {
  await application.write('price.test.tsx', blockOf('A component'));
  const output = await runJest('price.test.tsx');
  expect(output).toContain('2 passed');
  expect(output).not.toContain('not wrapped in act');
});

it('the mock in docs/testing.md replaces `connect` of an application, and nothing else', async () => {
  await application.write(
    'app.ts',
    `import { connect, ERROR_CODES } from '@deltastream/socket-client';
    export const client = connect('http://production.example.com', { general: false });
    export const codes = Object.keys(ERROR_CODES);`,
  );
  await application.write(
    'app.test.ts',
    `${blockOf('An application that calls connect itself')}
    it('connects to the fake gateway', async () => {
      const { client, codes } = await import('./app');
      await mockGateway.settle();
      expect([client.state, mockGateway.rooms(client), codes.length > 0]).toEqual(['connected', [], true]);
      mockGateway.close();
    });`,
  );
  expect(await runJest('app.test.ts')).toContain('1 passed');
});
