import 'reflect-metadata';
import { ConfigError, loadConfig } from './gateway-config.js';
import { maskSecrets } from './mask-secrets.js';

describe('loadConfig', () => {
  it('takes the documented defaults from an empty environment', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      redisUrl: 'redis://localhost:6379/0',
      serviceName: 'socket-gateway',
      port: 8002,
      secretKey: 'dev-secret-key',
      products: ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'],
      corsOrigins: '*',
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
    expect(config.corsOrigins).toEqual(['https://a.example.com', 'http://localhost:3000']);
    expect(config.transports).toEqual(['websocket']);
  });

  it('treats an empty variable as unset, as Compose and Helm write them', () => {
    expect(loadConfig({ PORT: '', PRODUCTS: ' ' }).port).toBe(8002);
  });

  it('allows no foreign origin in production unless told', () => {
    expect(loadConfig({ NODE_ENV: 'production' }).corsOrigins).toEqual([]);
    expect(loadConfig({ NODE_ENV: 'production', CORS_ORIGINS: '*' }).corsOrigins).toBe('*');
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
    ['SERVICE_NAME', 'two words', 'SERVICE_NAME is "two words", but must be'],
    ['PRODUCTS', 'NIFTY,A B', 'PRODUCTS is "NIFTY,A B", but must be a comma-separated list of symbols'],
    ['PRODUCTS', ',', 'PRODUCTS is ",", but must be a comma-separated list of symbols'],
    ['CORS_ORIGINS', 'example.com', 'CORS_ORIGINS is "example.com", but must be'],
    ['CORS_ORIGINS', 'https://a.example.com/path', 'CORS_ORIGINS is'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL is "loud", but must be one of fatal, error,'],
    ['CACHE_TTL_SECONDS', '0', 'CACHE_TTL_SECONDS is "0", but must be'],
    ['TRANSPORTS', 'carrier-pigeon', 'TRANSPORTS is "carrier-pigeon", but must be'],
    ['PING_TIMEOUT_MS', 'soon', 'PING_TIMEOUT_MS is "soon", but must be'],
    ['NODE_ENV', 'staging', 'NODE_ENV is "staging", but must be one of development, test, production'],
  ])('refuses %s=%s with a sentence', (name, value, sentence) => {
    expect(() => loadConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig({ [name]: value })).toThrow(sentence);
  });

  it('wants a slow client conflated before it is closed', () => {
    expect(() => loadConfig({ CONFLATE_ABOVE_BYTES: '1000000', MAX_CLIENT_BUFFER_BYTES: '1000000' })).toThrow(
      'MAX_CLIENT_BUFFER_BYTES is "1000000", but must be more than CONFLATE_ABOVE_BYTES ("1000000").',
    );
  });

  it('names every wrong variable at once', () => {
    expect(() => loadConfig({ PORT: 'x', LOG_LEVEL: 'y' })).toThrow(/PORT is "x".*LOG_LEVEL is "y"/);
  });

  it('never shows a password', () => {
    expect(() => loadConfig({ REDIS_URL: 'http://user:hunter2@host' })).toThrow('"http://***@host"');
    expect(() => loadConfig({ REDIS_URL: 'redis://user:p@hunter2@host/zero' })).toThrow(
      '"redis://***@host/zero"',
    );
  });

  it('cuts a long value short', () => {
    expect(() => loadConfig({ PORT: 'x'.repeat(5000) })).toThrow(/^PORT is "x{80}\.\.\.", but/);
  });
});

describe('maskSecrets', () => {
  it('masks user-info inside a longer text and leaves other text alone', () => {
    expect(maskSecrets('connect redis://:pw@h:1/0 failed')).toBe('connect redis://***@h:1/0 failed');
    expect(maskSecrets('redis://:pa/ss@h and redis://h?password=pw&db=1')).toBe(
      'redis://***@h and redis://h?password=***&db=1',
    );
    expect(maskSecrets('hunter2@host')).toBe('***@host');
    expect(maskSecrets('http://host:80/path')).toBe('http://host:80/path');
  });
});
