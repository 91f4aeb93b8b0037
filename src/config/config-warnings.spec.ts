import { configWarnings } from './config-warnings.js';
import { loadConfig } from './gateway-config.js';

const SECURE = {
  NODE_ENV: 'production',
  SECRET_KEY: '0123456789abcdef0123456789abcdef',
  AUTH_MODE: 'required',
  JWT_JWKS_URL: 'https://auth.test/jwks.json',
  JWT_ISSUER: 'https://auth.test',
};

function warningsOf(env: Record<string, string>): string[] {
  return configWarnings(loadConfig(env)).map(({ message }) => message.split(/[ ,:]/, 1)[0] ?? '');
}

describe('configWarnings', () => {
  it('has none for a secure production configuration, nor for development defaults', () => {
    expect(warningsOf(SECURE)).toEqual([]);
    expect(warningsOf({})).toEqual([]);
  });

  it.each([
    ['the default of SECRET_KEY', { NODE_ENV: 'production' }, ['SECRET_KEY', 'AUTH_MODE']],
    ['no authentication', { NODE_ENV: 'production', SECRET_KEY: 'x' }, ['AUTH_MODE']],
    ['keys over plain HTTP', { ...SECURE, JWT_JWKS_URL: 'http://auth.test/jwks.json' }, ['JWT_JWKS_URL']],
    ['a database other than 0', { REDIS_URL: 'redis://localhost/1' }, ['REDIS_URL']],
    ['a database of sentinels', { REDIS_URL: 'redis+sentinel://localhost:26379/main/2' }, ['REDIS_URL']],
  ])('warns of %s', (_, env, expected) => {
    expect(warningsOf(env)).toEqual(expected);
  });

  it('does not warn of another database if the channels have a prefix', () => {
    expect(warningsOf({ REDIS_URL: 'redis://localhost/1', CHANNEL_PREFIX: 'b:' })).toEqual([]);
  });
});
