import { AdminHosts, isAdminHost } from './admin-hosts.js';

describe('Host on the admin port', () => {
  it.each([
    undefined,
    '127.0.0.1:8003',
    '10.1.2.3',
    '[::1]:8003',
    '[fd00::1]',
    'localhost:8003',
    'LOCALHOST',
    'app.localhost',
    'gateway',
    'socket-gateway_1:8003',
    'gateway-admin.prod.svc:8003',
    'gateway-admin.prod.svc.cluster.local',
    'gateway-admin.prod.svc.cluster.local.',
    '10-1-2-3.prod.pod.internal',
    'host.docker.internal:8003',
    '',
  ])('%s is allowed', (host) => {
    expect(new AdminHosts([]).allows(host)).toBe(true);
  });

  it.each([
    'evil.example',
    'evil.example:8003',
    'evil.example.',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1.nip.io',
    'svc.evil.example',
    'gateway-admin.prod',
    'printer.local',
    '[evil.example]',
    '[::1].evil.example',
    'evil.example:80:80',
    'evil.example:x',
    'user@evil.example',
    '1.2.3',
    '1.2.3.4.5',
  ])('%s is rejected', (host) => {
    expect(new AdminHosts([]).allows(host)).toBe(false);
  });

  it('is allowed if it is named', () => {
    const hosts = new AdminHosts(['Gateway.Example.com', '*.ops.example.com']);
    const names = ['gateway.example.com:8003', 'a.ops.example.com', 'a.b.ops.example.com'];
    expect(names.map((name) => hosts.allows(name))).toEqual([true, true, true]);
    const others = ['example.com', 'x.gateway.example.com', 'ops.example.com', 'evilops.example.com'];
    expect(others.map((name) => hosts.allows(name))).toEqual([false, false, false, false]);
    expect(new AdminHosts(['*']).allows('evil.example')).toBe(true);
  });

  it.each(['', 'https://a.example', 'a.example:80', 'a..b', '*a.example', 'a.*.b', 'a b', '.a', 7])(
    'cannot be configured as %s',
    (pattern) => {
      expect(isAdminHost(pattern)).toBe(false);
    },
  );
});
