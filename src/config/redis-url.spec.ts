import { databaseOf, parseRedisUrl } from './redis-url.js';

describe('parseRedisUrl', () => {
  it.each([
    ['redis://localhost:6379/0', { kind: 'single', tls: false, url: 'redis://localhost:6379/0' }],
    [
      'rediss://u:p%40@[::1]:1/2',
      { kind: 'single', tls: true, url: 'rediss://[::1]:1/2', username: 'u', password: 'p@' },
    ],
    ["redis://:p'%25 s:@@h", { kind: 'single', tls: false, url: 'redis://h', password: "p'% s:@" }],
    ['redis://u@h', { kind: 'single', tls: false, url: 'redis://h', username: 'u' }],
    [
      'redis+sentinel://user:p%40ss@a:1,b.example.com/mymaster/3',
      {
        kind: 'sentinel',
        tls: false,
        endpoints: [
          { host: 'a', port: 1 },
          { host: 'b.example.com', port: 26_379 },
        ],
        name: 'mymaster',
        db: 3,
        username: 'user',
        password: 'p@ss',
      },
    ],
    [
      'rediss+cluster://:a:b@[::1]:7000, h',
      {
        kind: 'cluster',
        tls: true,
        endpoints: [
          { host: '::1', port: 7_000 },
          { host: 'h', port: 6_379 },
        ],
        password: 'a:b',
      },
    ],
  ])('reads %s', (url, target) => expect(parseRedisUrl(url)).toEqual(target));

  it.each([
    'http://localhost',
    'redis://localhost/zero',
    ' redis://localhost', // the environment trims its values before this
    'redis://:x%zz@localhost',
    'redis://x%zz@localhost',
    'redis://localhost?retryStrategy=no',
    'redis://localhost/0?family=6',
    'redis://localhost?db=a@b',
    'redis://localhost#0',
    'redis+cluster://a:1?family=6',
    'redis+sentinel://a:1',
    'redis+sentinel://a:1/name/db',
    'redis+sentinel:///name',
    'redis+cluster://a:1/1',
    'redis+cluster://a:0',
    'redis+cluster://a:65536',
    'redis+cluster://a:1,,b:2',
    'redis+cluster://:%@a',
    'redis+other://a:1',
  ])('refuses %s', (url) => expect(parseRedisUrl(url)).toBeUndefined());
});

describe('databaseOf', () => {
  it.each([
    ['redis://h', 0],
    ['redis://h/', 0],
    ['rediss://u:p@h:1/12', 12],
    ['redis+sentinel://a:1/name', 0],
    ['redis+sentinel://a:1/name/3', 3],
    ['redis+cluster://a:1', 0],
  ])('of %s', (url, database) => expect(databaseOf(parseRedisUrl(url)!)).toBe(database));
});
