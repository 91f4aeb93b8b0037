import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: ['.cache/', '**/dist/', 'coverage/', 'node_modules/', 'test/fixtures/'],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/only-throw-error': 'error',
    },
  },
  {
    // Test doubles and raw client payloads are untyped on purpose.
    files: ['**/*.spec.ts', '**/*.client-spec.ts', '**/*.client-spec.tsx', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // What a test starts must end with its file, also when the test fails: these register it.
    files: ['test/**/*.ts'],
    ignores: [
      'test/support/cleanup.ts',
      'test/support/processes.ts',
      'test/support/redis-client.ts',
      'test/support/socket.ts',
    ],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'setInterval', message: 'Use repeat() from test/support/cleanup.ts.' },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:child_process',
              importNames: ['spawn', 'fork'],
              message: 'Use startProcess() from test/support/processes.ts.',
            },
            {
              name: 'ioredis',
              importNames: ['Redis'],
              allowTypeImports: true,
              message: 'Use redisClient() from test/support/redis-client.ts.',
            },
            {
              name: 'socket.io-client',
              importNames: ['io'],
              allowTypeImports: true,
              message: 'Use openSocket() from test/support/socket.ts.',
            },
          ],
        },
      ],
    },
  },
  {
    // The time and timers come from the Clock that a class is given, so that tests can turn it.
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.spec.ts', 'src/common/clock.ts'],
    rules: {
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Use the wallNow() of a Clock.' },
        { object: 'performance', property: 'now', message: 'Use the now() of a Clock.' },
      ],
      'no-restricted-imports': ['error', 'node:timers', 'node:timers/promises'],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
  {
    files: ['test/support/*.browser.js'],
    languageOptions: {
      sourceType: 'script',
      globals: { document: 'readonly', getComputedStyle: 'readonly', NodeFilter: 'readonly' },
    },
    rules: { '@typescript-eslint/no-unused-expressions': 'off', 'no-unused-expressions': 'off' },
  },
  {
    // Scripts that browsers run as they are. `io` and `AsyncApiStandalone` come from the libraries that a page loads first.
    files: ['clients/examples/*.js', 'src/*/page/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: {
        AsyncApiStandalone: 'readonly',
        console: 'readonly',
        document: 'readonly',
        fetch: 'readonly',
        io: 'readonly',
        location: 'readonly',
        MutationObserver: 'readonly',
        Option: 'readonly',
        requestAnimationFrame: 'readonly',
        sessionStorage: 'readonly',
        setInterval: 'readonly',
        setTimeout: 'readonly',
        URL: 'readonly',
        URLSearchParams: 'readonly',
      },
    },
  },
);
