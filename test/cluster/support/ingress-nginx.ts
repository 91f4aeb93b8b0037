import type { Rendered } from '../../helm/support/chart.js';
import { anywhere, byAddress, byCookie, type Directives, type Routing } from './routing.js';

const PREFIX = 'nginx.ingress.kubernetes.io/';

/** The defaults of ingress-nginx, without annotations. */
const DEFAULTS: Directives = {
  proxy_connect_timeout: '5s',
  proxy_read_timeout: '60s',
  proxy_send_timeout: '60s',
  client_max_body_size: '1m',
  proxy_buffering: 'off',
  proxy_next_upstream: 'error timeout',
  proxy_next_upstream_timeout: '0',
  proxy_next_upstream_tries: '3',
};

/** Maps an annotation to the directive that ingress-nginx creates from its value. */
const DIRECTIVES: Readonly<Record<string, (value: string) => readonly [string, string]>> = {
  'proxy-connect-timeout': (value) => ['proxy_connect_timeout', `${value}s`],
  'proxy-read-timeout': (value) => ['proxy_read_timeout', `${value}s`],
  'proxy-send-timeout': (value) => ['proxy_send_timeout', `${value}s`],
  'proxy-body-size': (value) => ['client_max_body_size', value],
  'proxy-buffering': (value) => ['proxy_buffering', value],
  'proxy-next-upstream': (value) => ['proxy_next_upstream', value],
  'proxy-next-upstream-timeout': (value) => ['proxy_next_upstream_timeout', value],
};

/** The annotations that determine the affinity. Each is handled below. */
const AFFINITY = new Set([
  'upstream-hash-by',
  'affinity',
  'affinity-mode',
  'session-cookie-name',
  'session-cookie-secure',
  'session-cookie-samesite',
  'session-cookie-change-on-failure',
]);

/** Translates the chart's Ingress as ingress-nginx does. Throws for an unknown annotation. */
export function ingressNginx(rendered: Rendered): Routing {
  const { metadata, spec } = rendered.one('Ingress');
  return translate(metadata.annotations ?? {}, spec.rules[0].http.paths[0].path);
}

export function translate(annotations: Readonly<Record<string, string>>, path: string): Routing {
  const own = Object.entries(annotations)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [name.slice(PREFIX.length), value] as const);
  const directives: Record<string, string> = { ...DEFAULTS };
  for (const [name, value] of own) {
    if (AFFINITY.has(name)) continue;
    const translation = DIRECTIVES[name];
    if (!translation) throw new Error(`What ingress-nginx does with ${name} is not known here.`);
    const [directive, text] = translation(value);
    directives[directive] = text;
  }
  return affinity(new Map(own), path, directives);
}

function affinity(of: ReadonlyMap<string, string>, path: string, directives: Directives): Routing {
  const expect = (name: string, value: string) => {
    if (of.get(name) !== value) throw new Error(`${name} must be ${value} here, not ${of.get(name)}.`);
  };
  if (of.has('affinity')) {
    expect('affinity', 'cookie');
    // With `balanced`, a cookie could lead to another pod once pods were added.
    expect('affinity-mode', 'persistent');
    expect('session-cookie-change-on-failure', 'true');
    const secure = of.get('session-cookie-secure') === 'true' ? '; Secure' : '';
    return byCookie(
      {
        name: of.get('session-cookie-name')!,
        attributes: `Path=${path}${secure}; HttpOnly; SameSite=${of.get('session-cookie-samesite')}`,
        choice: 'random;',
        others: true,
      },
      directives,
    );
  }
  if (!of.has('upstream-hash-by')) return anywhere(directives);
  expect('upstream-hash-by', '$remote_addr');
  // It may retry, but its ring returns the same pod for the same address each time.
  return byAddress({ ...directives, proxy_next_upstream_tries: '1' });
}
