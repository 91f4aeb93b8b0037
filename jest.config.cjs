/** Specs run through SWC (fast); `npm run typecheck` is what checks their types. */
const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.[tj]s$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
          target: 'es2022',
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  // Nest 12 is ESM-only; Node can require it, Jest must transform it.
  transformIgnorePatterns: ['/node_modules/(?!(@nestjs|jose)/)'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

module.exports = {
  // Real processes and real connections: a busy machine may take its time, a hang must still end.
  testTimeout: 60_000,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots: ['<rootDir>/src', '<rootDir>/tools', '<rootDir>/bench'],
      testMatch: ['**/*.spec.ts'],
    },
    {
      ...shared,
      displayName: 'e2e',
      roots: ['<rootDir>/test'],
      testMatch: ['**/*.e2e-spec.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/cleanup.ts'],
    },
    {
      ...shared,
      displayName: 'chaos',
      roots: ['<rootDir>/test/chaos'],
      testMatch: ['**/*.chaos-spec.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/cleanup.ts'],
    },
    {
      ...shared,
      displayName: 'fuzz',
      roots: ['<rootDir>/test/fuzz'],
      testMatch: ['**/*.fuzz-spec.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/cleanup.ts'],
    },
    {
      ...shared,
      displayName: 'clients',
      roots: ['<rootDir>/test/clients'],
      testMatch: ['**/*.client-spec.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/cleanup.ts'],
    },
    {
      ...shared,
      displayName: 'helm',
      roots: ['<rootDir>/test/helm'],
      testMatch: ['**/*.helm-spec.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/cleanup.ts'],
    },
    {
      ...shared,
      displayName: 'cluster',
      roots: ['<rootDir>/test/cluster'],
      testMatch: ['**/*.cluster-spec.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/cleanup.ts'],
    },
  ],
};
