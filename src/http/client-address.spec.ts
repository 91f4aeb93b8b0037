import { type AddressedRequest, ClientAddresses } from './client-address.js';

const request = (remoteAddress: string | undefined, headers: AddressedRequest['headers'] = {}) => ({
  headers,
  socket: { remoteAddress },
});
const forwarded = (peer: string, header: string) => request(peer, { 'x-forwarded-for': header });
const proxies = new ClientAddresses(['10.0.0.0/8', '2001:db8:ffff::/48']);

describe('the address of a client', () => {
  it.each([
    ['IPv4', request('192.0.2.7'), '192.0.2.7'],
    ['IPv4 in IPv6', request('::ffff:192.0.2.7'), '192.0.2.7'],
    ['IPv6', request('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64'],
    ['another address of the same /64', request('2001:db8:1:2:ffff::1'), '2001:db8:1:2::/64'],
    ['IPv6 with a zone', request('fe80::1%eth0'), 'fe80:0:0:0::/64'],
    ['a closed connection', request(undefined), 'unknown'],
    ['a header from a client', forwarded('192.0.2.7', '203.0.113.9'), '192.0.2.7'],
    ['a trusted proxy', forwarded('10.1.2.3', '203.0.113.9'), '203.0.113.9'],
    ['a trusted proxy, as IPv4 in IPv6', forwarded('::ffff:10.1.2.3', '203.0.113.9'), '203.0.113.9'],
    ['a trusted proxy without the header', request('10.1.2.3'), '10.1.2.3'],
    ['a client that sent the header itself', forwarded('10.1.2.3', '1.1.1.1, 203.0.113.9'), '203.0.113.9'],
    [
      'a client that forges the address of a proxy',
      forwarded('10.1.2.3', '1.1.1.1, 10.9.9.9, 203.0.113.9'),
      '203.0.113.9',
    ],
    ['two trusted proxies', forwarded('10.1.2.3', '203.0.113.9, 10.4.5.6'), '203.0.113.9'],
    ['proxies of IPv6', forwarded('2001:db8:ffff::1', '2001:db8:1:2:3::4'), '2001:db8:1:2::/64'],
    ['IPv4 in IPv6, forwarded', forwarded('10.1.2.3', '::ffff:203.0.113.9'), '203.0.113.9'],
    ['a port', forwarded('10.1.2.3', '203.0.113.9:4711'), '203.0.113.9'],
    ['a port of IPv6', forwarded('10.1.2.3', '[2001:db8:1:2::3]:4711'), '2001:db8:1:2::/64'],
    ['a proxy with a port', forwarded('10.1.2.3', '203.0.113.9, 10.4.5.6:80'), '203.0.113.9'],
    ['an invalid address', forwarded('10.1.2.3', 'nonsense'), '10.1.2.3'],
    ['an invalid address before the client', forwarded('10.1.2.3', 'nonsense, 203.0.113.9'), '203.0.113.9'],
    [
      'an invalid address before a proxy',
      forwarded('10.1.2.3', '203.0.113.9, nonsense, 10.4.5.6'),
      '10.4.5.6',
    ],
    ['an empty header', forwarded('10.1.2.3', ''), '10.1.2.3'],
    ['only commas', forwarded('10.1.2.3', ' , ,, '), '10.1.2.3'],
    ['an address with too many parts', forwarded('10.1.2.3', '1.2.3.4.5'), '10.1.2.3'],
    ['an address with a number out of range', forwarded('10.1.2.3', '999.1.1.1'), '10.1.2.3'],
    ['a header of 16 KB', forwarded('10.1.2.3', '1'.repeat(16_000)), '10.1.2.3'],
    ['a thousand hops', forwarded('10.1.2.3', Array(1_000).fill('10.0.0.1').join(',')), '10.0.0.1'],
  ])('%s', (_, asked, address) => {
    expect(proxies.of(asked)).toBe(address);
  });

  it('is the address of the connection if no proxy is trusted', () => {
    expect(new ClientAddresses([]).of(forwarded('127.0.0.1', '203.0.113.9'))).toBe('127.0.0.1');
    expect(new ClientAddresses(['loopback']).of(forwarded('127.0.0.1', '203.0.113.9'))).toBe('203.0.113.9');
  });

  it('of a TCP connection is the address of its peer', () => {
    expect(proxies.ofPeer('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(proxies.ofPeer(undefined)).toBe('unknown');
    expect([proxies.isTrusted('10.1.2.3'), proxies.isTrusted('::ffff:10.1.2.3')]).toEqual([true, true]);
    expect([proxies.isTrusted('192.0.2.7'), proxies.isTrusted(undefined)]).toEqual([false, false]);
  });
});

it('detects X-Forwarded-For from an untrusted address', () => {
  expect(proxies.isDisbelieved(forwarded('192.0.2.7', '203.0.113.9'))).toBe(true);
  expect(proxies.isDisbelieved(forwarded('10.1.2.3', '203.0.113.9'))).toBe(false);
  expect(proxies.isDisbelieved(request('192.0.2.7'))).toBe(false);
});

it.each([
  ['the Host', '192.0.2.7', { host: 'a.example.com' }, 'a.example.com'],
  [
    "not a client's X-Forwarded-Host",
    '192.0.2.7',
    { host: 'a.example.com', 'x-forwarded-host': 'b.example.com' },
    'a.example.com',
  ],
  [
    "a trusted proxy's X-Forwarded-Host",
    '10.1.2.3',
    { host: 'inner:8002', 'x-forwarded-host': 'b.example.com, c' },
    'b.example.com',
  ],
  ['undefined without a Host', '192.0.2.7', {}, undefined],
])('the host asked for is %s', (_, peer, headers, host) => {
  expect(proxies.hostOf(request(peer, headers))).toBe(host);
});
