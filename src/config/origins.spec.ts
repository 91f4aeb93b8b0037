import { isOriginPattern, Origins } from './origins.js';

const listed = new Origins([
  'https://app.example.com',
  'https://*.example.org',
  'https://*.example.net:8443',
]);
const own = new Origins(undefined);

describe('a list of origins', () => {
  it.each([
    ['https://app.example.com', true],
    ['https://app.example.com:443', false], // browsers leave out the default port
    ['https://app.example.com:8443', false],
    ['http://app.example.com', false],
    ['https://app.example.com.evil.org', false],
    ['https://evil.app.example.com', false],
    ['https://evilapp.example.com', false],
    ['https://APP.EXAMPLE.COM', false], // browsers write lower case
    ['https://a.example.org', true],
    ['https://a.b.example.org', true],
    ['https://xn--bcher-kva.example.org', true],
    ['https://example.org', false],
    ['https://.example.org', false],
    ['https://evilexample.org', false],
    ['https://a.example.org.evil.com', false],
    ['https://evil.com/.example.org', false],
    ['https://evil.com#.example.org', false],
    ['https://evil.com?.example.org', false],
    ['https://evil.com\\.example.org', false],
    ['https://user@evil.com:80@.example.org', false],
    ['http://a.example.org', false],
    ['https://a.example.org:8443', false],
    ['https://a.example.net:8443', true],
    ['https://a.example.net', false],
    ['https://a.example.net:9443', false],
    ['null', false],
    ['', false],
    ['*', false],
    ['https://', false],
    ['nonsense', false],
    ['https://app.example.com, https://evil.com', false],
    [undefined, true], // not a browser
  ])('%s: %s', (origin, allowed) => {
    expect(listed.allows(origin, 'gateway.example.com')).toBe(allowed);
  });

  it("does not include the gateway's own origin", () => {
    expect(listed.allows('https://gateway.example.com', 'gateway.example.com')).toBe(false);
  });
});

describe("the gateway's own origin", () => {
  it.each([
    ['https://a.example.com', 'a.example.com', true],
    ['http://a.example.com', 'a.example.com', true],
    ['https://a.example.com', 'A.Example.COM', true],
    ['https://a.example.com', 'a.example.com:443', true],
    ['https://a.example.com', 'a.example.com:80', false],
    ['http://localhost:8002', 'localhost:8002', true],
    ['http://localhost:3000', 'localhost:8002', false],
    ['http://[::1]:8002', '[::1]:8002', true],
    ['https://a.example.com', 'b.example.com', false],
    ['https://a.example.com.evil.org', 'a.example.com', false],
    ['null', 'null', false],
    ['nonsense', 'nonsense', false],
    ['file://', '', false],
    ['https://a.example.com', undefined, false],
    ['https://a.example.com', 'a b/?#', false],
    [undefined, undefined, true],
  ])('%s at %s: %s', (origin, host, allowed) => {
    expect(own.allows(origin, host)).toBe(allowed);
  });
});

it('* allows every origin', () => {
  for (const origin of ['https://evil.com', 'null', undefined, '']) {
    expect(new Origins(['*']).allows(origin, undefined)).toBe(true);
  }
});

it.each([
  ['*', true],
  ['https://app.example.com', true],
  ['http://localhost:3000', true],
  ['https://*.example.com', true],
  ['https://*.example.com:8443', true],
  ['https://*.com', false],
  ['https://*', false],
  ['https://*.10.0.0.1', false],
  ['https://a.*.example.com', false],
  ['https://a*.example.com', false],
  ['https://*.*.example.com', false],
  ['https://APP.example.com', false],
  ['https://app.example.com/', false],
  ['https://app.example.com:443', false],
  ['wss://app.example.com', false],
  ['app.example.com', false],
  ['null', false],
  ['', false],
  [undefined, false],
])('%s is a valid setting: %s', (pattern, taken) => {
  expect(isOriginPattern(pattern)).toBe(taken);
});
