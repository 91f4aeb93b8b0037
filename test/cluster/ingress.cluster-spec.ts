import { translate } from './support/ingress-nginx.js';
import { NGINX } from './support/presets.js';

it('an unknown annotation is rejected instead of ignored', () => {
  expect(() => translate({ 'nginx.ingress.kubernetes.io/limit-rps': '5' }, '/')).toThrow(
    'What ingress-nginx does with limit-rps is not known here.',
  );
  expect(translate({ 'cert-manager.io/cluster-issuer': 'letsencrypt' }, '/').by).toBeUndefined();
});

it('an affinity that the chart does not set is rejected', () => {
  const cookie = { affinity: 'cookie', 'affinity-mode': 'balanced' };
  const annotations = Object.entries(cookie).map(([name, value]) => [
    `nginx.ingress.kubernetes.io/${name}`,
    value,
  ]);
  expect(() => translate(Object.fromEntries(annotations) as Record<string, string>, '/')).toThrow(
    'affinity-mode',
  );
  expect(() => translate({ 'nginx.ingress.kubernetes.io/upstream-hash-by': '$request_uri' }, '/')).toThrow(
    'upstream-hash-by must be $remote_addr',
  );
});

it('the annotations determine the configuration of nginx', () => {
  const { routing } = NGINX['nginx by address']!();
  expect(routing.by).toBe('address');
  expect(routing.location).toEqual(
    expect.arrayContaining([
      'client_max_body_size 1228800;',
      'proxy_read_timeout 3600s;',
      'proxy_connect_timeout 2s;',
    ]),
  );
  expect(NGINX['WebSocket only, no affinity']!().routing.location).toContain('proxy_read_timeout 60s;');
});
