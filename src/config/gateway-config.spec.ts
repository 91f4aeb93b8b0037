import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from './gateway-config.js';
import { maskSecrets } from './mask-secrets.js';
import { Origins } from './origins.js';
import { targetOf } from '../redis/redis-connections.js';

describe('loadConfig', () => {
  it('uses the documented defaults if the environment is empty', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      redisUrl: 'redis://localhost:6379/0',
      serviceName: 'socket-gateway',
      port: 8002,
      secretKey: 'dev-secret-key',
      products: ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'],
      corsCredentials: false,
      authMode: 'off',
      jwtPublicKeys: [],
      trustProxy: [],
      cacheTtlMs: 60_000,
      logLevel: 'info',
      production: false,
    });
  });

  it('reads typed values', () => {
    const config = loadConfig({
      PORT: '9000',
      PRODUCTS: ' M&M , BAJAJ-AUTO,M&M ',
      CORS_ORIGINS: 'https://a.example.com,http://localhost:3000',
      TRANSPORTS: 'websocket',
      REDIS_URL: 'rediss://user:p%40ss@cache.example.com:6380/2',
      UNRELATED: 'ignored',
    });
    expect(config.port).toBe(9000);
    expect(config.products).toEqual(['M&M', 'BAJAJ-AUTO']);
    expect(config.origins).toEqual(new Origins(['https://a.example.com', 'http://localhost:3000']));
    expect(config.transports).toEqual(['websocket']);
  });

  it('trims blanks around REDIS_URL', () => {
    expect(loadConfig({ REDIS_URL: ' redis://:a b@h/1 \n' }).redisUrl).toBe('redis://:a b@h/1');
    expect(loadConfig({ REDIS_URL: ' redis+cluster://h ' }).redisUrl).toBe('redis+cluster://h');
  });

  it('reads prefixes of keys and channels, which are empty by default', () => {
    const given = { KEY_PREFIX: 'deltastream/staging:', CHANNEL_PREFIX: 'b-1_2.' };
    expect(loadConfig(given)).toMatchObject({ keyPrefix: 'deltastream/staging:', channelPrefix: 'b-1_2.' });
    expect(loadConfig({})).toMatchObject({ keyPrefix: '', channelPrefix: '' });
  });

  it('treats an empty variable, as Compose and Helm write it, as unset', () => {
    expect(loadConfig({ PORT: '', PRODUCTS: ' ' }).port).toBe(8002);
  });

  it('allows no foreign origin in production unless one is configured', () => {
    expect(loadConfig({ NODE_ENV: 'production' }).origins).toEqual(new Origins(undefined));
    expect(loadConfig({ NODE_ENV: 'production', CORS_ORIGINS: '*' }).origins.any).toBe(true);
  });

  it.each([
    ['PORT', 'abc', 'PORT is "abc", but must be a whole number from 0 to 65535 (0 takes any free port).'],
    ['PORT', '65536', 'PORT is "65536", but must be'],
    ['PORT', '-1', 'PORT is "-1", but must be'],
    ['PORT', '80.5', 'PORT is "80.5", but must be'],
    ['PORT', '0x50', 'PORT is "0x50", but must be'],
    ['REDIS_URL', 'http://localhost', 'REDIS_URL is "http://localhost", but must be a URL such as'],
    ['REDIS_URL', 'localhost:6379', 'REDIS_URL is'],
    ['REDIS_URL', 'redis://localhost/zero', 'REDIS_URL is'],
    ['REDIS_URL', 'redis://:x%zz@h', 'REDIS_URL is "redis://***@h", but must be a URL such as'],
    [
      'REDIS_URL',
      'redis://h/0?retryStrategy=no',
      'REDIS_URL is "redis://h/0?retryStrategy=***", but must be',
    ],
    [
      'REDIS_URL',
      'redis+sentinel://a:26379',
      'or redis+cluster://host:6379,host:6379 (rediss for TLS), with no',
    ],
    ['REDIS_TLS_CA', '/nowhere/ca.pem', 'REDIS_TLS_CA is "/nowhere/ca.pem", but must be the path of a file'],
    ['REDIS_SHARDED_PUBSUB', 'yes', 'REDIS_SHARDED_PUBSUB is "yes", but must be true or false.'],
    [
      'KEY_PREFIX',
      'staging*',
      'KEY_PREFIX is "staging*", but must be at most 64 letters, digits or : . _ / -',
    ],
    ['KEY_PREFIX', '{staging}:', 'KEY_PREFIX is "{staging}:", but must be'],
    ['CHANNEL_PREFIX', 'sta[g]ing:', 'CHANNEL_PREFIX is "sta[g]ing:", but must be'],
    ['CHANNEL_PREFIX', 'two words', 'CHANNEL_PREFIX is "two words", but must be'],
    ['CHANNEL_PREFIX', 'x'.repeat(65), 'but must be at most 64 letters'],
    ['FEED_PROBE_AFTER_MS', '0', 'FEED_PROBE_AFTER_MS is "0", but must be'],
    ['SERVICE_NAME', 'two words', 'SERVICE_NAME is "two words", but must be'],
    ['PRODUCTS', 'NIFTY,A B', 'PRODUCTS is "NIFTY,A B", but must be a comma-separated list of symbols'],
    ['PRODUCTS', ',', 'PRODUCTS is ",", but must be a comma-separated list of symbols'],
    ['CORS_ORIGINS', 'example.com', 'CORS_ORIGINS is "example.com", but must be'],
    ['CORS_ORIGINS', 'https://a.example.com/path', 'CORS_ORIGINS is'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL is "loud", but must be one of fatal, error,'],
    ['CACHE_TTL_SECONDS', '0', 'CACHE_TTL_SECONDS is "0", but must be'],
    ['STALE_AFTER_MS', '99', 'STALE_AFTER_MS is "99", but must be a whole number from 100 to 86400000'],
    [
      'MARKET_HOURS',
      'Asia/Nowhere Mon-Fri 09:15-15:30',
      'MARKET_HOURS is "Asia/Nowhere Mon-Fri 09:15-15:30", but must be like "Asia/Kolkata Mon-Fri 09:15-15:30; ' +
        'AAPL,TSLA=America/New_York Mon-Fri 09:30-16:00": "Asia/Nowhere" is not a time zone.',
    ],
    ['TRANSPORTS', 'carrier-pigeon', 'TRANSPORTS is "carrier-pigeon", but must be'],
    ['PING_TIMEOUT_MS', 'soon', 'PING_TIMEOUT_MS is "soon", but must be'],
    ['NODE_ENV', 'staging', 'NODE_ENV is "staging", but must be one of development, test, production'],
  ])('rejects %s=%s and says what is allowed', (name, value, sentence) => {
    expect(() => loadConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig({ [name]: value })).toThrow(sentence);
  });

  it('requires MAX_CLIENT_BUFFER_BYTES to be above CONFLATE_ABOVE_BYTES', () => {
    expect(() => loadConfig({ CONFLATE_ABOVE_BYTES: '1000000', MAX_CLIENT_BUFFER_BYTES: '1000000' })).toThrow(
      'MAX_CLIENT_BUFFER_BYTES is "1000000", but must be more than CONFLATE_ABOVE_BYTES ("1000000").',
    );
  });

  it('names all invalid variables in one error', () => {
    expect(() => loadConfig({ PORT: 'x', LOG_LEVEL: 'y' })).toThrow(/PORT is "x".*LOG_LEVEL is "y"/);
  });

  it('never shows a password', () => {
    expect(() => loadConfig({ REDIS_URL: 'http://user:hunter2@host' })).toThrow('"http://***@host"');
    expect(() => loadConfig({ REDIS_URL: 'redis://user:p@hunter2@host/zero' })).toThrow(
      '"redis://***@host/zero"',
    );
  });

  it('never shows the password of a Sentinel or Cluster URL', () => {
    for (const kind of ['sentinel', 'cluster']) {
      const load = () => loadConfig({ REDIS_URL: `redis+${kind}://user:hunter2@a:1,b:2/x/y/z` });
      expect(load).toThrow(`"redis+${kind}://***@a:1,b:2/x/y/z"`);
    }
  });

  it.each([
    ["http://:my'hunter2@h", '"http://***@h"'],
    ['http://:my hunter2@h', '"http://***@h"'],
    ['redis+cluster://:my"hunter2@h/1', '"redis+cluster://***@h/1"'],
    ['redis:/:my hunter2@h', '"***@h"'],
    ["redis://h?password=my'hunter2&x=y", '"redis://h?password=***"'],
  ])('never shows any part of a password: %s', (url, shown) => {
    expect(() => loadConfig({ REDIS_URL: url })).toThrow(`REDIS_URL is ${shown}, but`);
  });

  it('reads the user and password of Redis from variables of their own', () => {
    const env = { REDIS_URL: 'redis+cluster://h', REDIS_PASSWORD: ' p@:%ss', REDIS_USERNAME: 'gw' };
    expect(loadConfig(env)).toMatchObject({ redisUsername: 'gw', redisPassword: ' p@:%ss' });
    expect(loadConfig({}).redisPassword).toBeUndefined();
  });

  it.each([
    { REDIS_URL: 'redis://gw:p%40ss@h', REDIS_USERNAME: 'gw', REDIS_PASSWORD: 'p@ss' },
    { REDIS_URL: 'redis://gw@h', REDIS_PASSWORD: 'p@ss' },
    { REDIS_URL: 'redis://:p%40ss@h', REDIS_USERNAME: 'gw' },
    { REDIS_URL: 'redis+cluster://gw:p%40ss@h', REDIS_PASSWORD: 'p@ss' },
  ])('combines the user and password of the URL and the variables: %j', (env) => {
    expect(targetOf(loadConfig(env))).toMatchObject({ username: 'gw', password: 'p@ss' });
  });

  it.each([
    [{ REDIS_PASSWORD: 'hunter2\n' }, 'REDIS_PASSWORD is "***", but must be a password without line breaks.'],
    [{ REDIS_SENTINEL_PASSWORD: 'hunter2\r\n' }, 'REDIS_SENTINEL_PASSWORD is "***", but must be a password'],
    [
      { REDIS_USERNAME: 'g\nw', REDIS_PASSWORD: 'p' },
      'REDIS_USERNAME is "g\\nw", but must be a name without line breaks.',
    ],
    [{ REDIS_USERNAME: 'gw' }, 'REDIS_USERNAME is "gw", but has no password: set REDIS_PASSWORD.'],
    [
      { REDIS_URL: 'redis://:hunter2@h', REDIS_PASSWORD: 'hunter22' },
      'REDIS_PASSWORD is "***", but REDIS_URL, "redis://***@h", has another one: remove it from the URL.',
    ],
    [
      { REDIS_URL: 'redis+sentinel://gw@h/name', REDIS_USERNAME: 'other', REDIS_PASSWORD: 'hunter2' },
      'REDIS_USERNAME is "other", but REDIS_URL, "redis+sentinel://***@h/name", has another one',
    ],
  ])('rejects %j without showing a password', (env, sentence) => {
    expect(() => loadConfig(env)).toThrow(sentence);
    expect(() => loadConfig(env)).not.toThrow('hunter2');
  });

  it('rejects a certificate authority for a connection without TLS', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-config-'));
    const env = { REDIS_TLS_CA: join(folder, 'ca.pem') };
    writeFileSync(env.REDIS_TLS_CA, '-----BEGIN CERTIFICATE-----\n');
    expect(() => loadConfig(env)).toThrow('REDIS_TLS_CA is set, but REDIS_URL is "redis://localhost:6379/0"');
    expect(loadConfig({ ...env, REDIS_URL: 'rediss://h' }).redisTlsCa).toBe(env.REDIS_TLS_CA);
    rmSync(folder, { recursive: true });
  });

  it('truncates a long value in the error', () => {
    expect(() => loadConfig({ PORT: 'x'.repeat(5000) })).toThrow(/^PORT is "x{80}\.\.\.", but/);
  });
});

describe('maskSecrets', () => {
  it('masks credentials inside a longer text and leaves other text unchanged', () => {
    expect(maskSecrets('connect redis://:pw@h:1/0 failed')).toBe('connect redis://***@h:1/0 failed');
    expect(maskSecrets('redis://:pa/ss@h and redis://h?password=pw&db=1')).toBe(
      'redis://***@h and redis://h?password=***&db=1',
    );
    expect(maskSecrets('hunter2@host')).toBe('***@host');
    expect(maskSecrets('http://host:80/path')).toBe('http://host:80/path');
  });

  it.each(["my'secret", 'my secret', 'my"secret', '12 34', 'a@b c', 'a/b?c#d e', 'my\nsecret'])(
    'masks the whole password %j',
    (password) => {
      for (const scheme of ['redis', 'rediss', 'redis+sentinel', 'redis+cluster']) {
        expect(maskSecrets(`${scheme}://user:${password}@h:1/0`)).toBe(`${scheme}://***@h:1/0`);
        expect(maskSecrets(`"${scheme}://:${password}@h:1/0" is wrong`)).toBe(
          `"${scheme}://***@h:1/0" is wrong`,
        );
        expect(maskSecrets(`calling ${scheme}://u:${password}@h:1 failed`)).toBe(
          `calling ${scheme}://***@h:1 failed`,
        );
      }
    },
  );

  it.each([
    ['no redis://h:1/0 here, ask ops@example.com', 'no redis://h:1/0 here, ask ***@example.com'],
    ['no redis+cluster://h:1,[::1]:2 here, ask ops@example.com', undefined],
    ['from redis://h:1 to redis://:a b@g', 'from redis://h:1 to redis://***@g'],
    ['redis://:a@h and redis://:b@g', 'redis://***@h and redis://***@g'],
    ['redis://h and redis://:b@g', 'redis://h and redis://***@g'],
  ])('leaves the rest of a sentence readable: %s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked ?? text.replace('ops@', '***@'));
  });
});
