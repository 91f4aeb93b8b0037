/** Specs run through SWC (fast); `npm run typecheck` is what checks their types. */
const swc = (parser) => [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', ...parser },
      transform: { legacyDecorator: true, decoratorMetadata: true, react: { runtime: 'automatic' } },
      keepClassNames: true,
      target: 'es2022',
    },
    module: { type: 'commonjs' },
  },
];

const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.tsx$': swc({ tsx: true }),
    '^.+\\.[tj]s$': swc({ decorators: true }),
  },
  // Nest 12 is ESM-only; Node can require it, Jest must transform it.
  transformIgnorePatterns: ['/node_modules/(?!(@nestjs|nestjs-swagger|jose)/)'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

/** For tests that run what was built. */
const built = {
  ...shared,
  globalSetup: '<rootDir>/scripts/check-builds.mjs',
  setupFilesAfterEnv: ['<rootDir>/test/support/cleanup.ts'],
};

module.exports = {
  // Real processes and real connections: a busy machine may take its time, a hang must still end.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/scripts/slow-first.cjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots: ['<rootDir>/src', '<rootDir>/tools', '<rootDir>/bench', '<rootDir>/web/src', '<rootDir>/ops'],
      testMatch: ['**/*.spec.ts'],
    },
    {
      ...built,
      displayName: 'e2e',
      roots: ['<rootDir>/test'],
      testMatch: ['**/*.e2e-spec.ts'],
    },
    {
      ...built,
      displayName: 'chaos',
      roots: ['<rootDir>/test/chaos'],
      testMatch: ['**/*.chaos-spec.ts'],
    },
    {
      ...built,
      displayName: 'fuzz',
      roots: ['<rootDir>/test/fuzz'],
      testMatch: ['**/*.fuzz-spec.ts'],
    },
    {
      ...built,
      displayName: 'clients',
      roots: ['<rootDir>/clients/typescript/src', '<rootDir>/test/clients'],
      testMatch: ['**/*.client-spec.ts', '**/*.client-spec.tsx'],
      moduleFileExtensions: ['js', 'ts', 'tsx', 'mjs', 'cjs', 'json', 'node'],
    },
    {
      ...built,
      displayName: 'helm',
      roots: ['<rootDir>/test/helm'],
      testMatch: ['**/*.helm-spec.ts'],
    },
    {
      ...built,
      displayName: 'cluster',
      roots: ['<rootDir>/test/cluster'],
      testMatch: ['**/*.cluster-spec.ts'],
    },
  ],
};
