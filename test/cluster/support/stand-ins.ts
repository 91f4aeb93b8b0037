import type { Rendered } from '../../helm/support/chart.js';
import { byAddress, byCookie, type Directives, type Routing } from './routing.js';

/**
 * Proxies other than nginx, simulated with nginx from their documentation: a cookie or a ring of
 * addresses, and a limit of silence, as the chart configures them. None of their code runs here.
 */

const TRAEFIK = 'traefik.ingress.kubernetes.io/service.';
const ALB = 'alb.ingress.kubernetes.io/';

/** None of them tries another pod by default. */
const common = (seconds: string | number): Directives => ({
  proxy_buffering: 'off',
  proxy_next_upstream: 'off',
  proxy_read_timeout: `${seconds}s`,
  proxy_send_timeout: `${seconds}s`,
});

/**
 * Annotations of the Service configure sticky cookies. Timeouts belong to the entry point, which
 * the chart does not configure.
 */
export function traefik(rendered: Rendered): Routing {
  const { 'sticky.cookie': on, ...of } = ofPrefix(rendered.one('Service', 'gateway'), TRAEFIK);
  const { 'sticky.cookie.name': name, 'sticky.cookie.secure': secure, ...rest } = of;
  const { 'sticky.cookie.httponly': httpOnly, 'sticky.cookie.samesite': sameSite, ...unknown } = rest;
  if (on !== 'true' || httpOnly !== 'true' || secure !== 'true')
    throw new Error('Traefik is asked for no such cookie.');
  refuse(unknown);
  const attributes = `Path=/; HttpOnly; Secure; SameSite=${sameSite}`;
  return byCookie({ name: name!, attributes, choice: '', others: false }, common(3_600));
}

/** The load balancer creates its own cookie, with its own name. */
export function alb(rendered: Rendered): Routing {
  const of = ofPrefix(rendered.one('Ingress'), ALB);
  const attributes = (name: string) =>
    Object.fromEntries((of[name] ?? '').split(',').map((pair) => pair.split('=') as [string, string]));
  const target = attributes('target-group-attributes');
  if (of['target-type'] !== 'ip') throw new Error('By a node the cookie would choose a node.');
  if (target['stickiness.enabled'] !== 'true' || target['stickiness.type'] !== 'lb_cookie') {
    throw new Error('The target group is not sticky.');
  }
  const seconds = attributes('load-balancer-attributes')['idle_timeout.timeout_seconds']!;
  const age = target['stickiness.lb_cookie.duration_seconds'];
  return byCookie(
    { name: 'AWSALB', attributes: `Path=/; Max-Age=${age}`, choice: 'least_conn;', others: false },
    common(seconds),
  );
}

export function envoy(rendered: Rendered): Routing {
  const { loadBalancer, timeout } = rendered.one('BackendTrafficPolicy').spec;
  if (loadBalancer.type !== 'ConsistentHash' || loadBalancer.consistentHash?.type !== 'SourceIP') {
    throw new Error(`Not by address: ${JSON.stringify(loadBalancer)}`);
  }
  return byAddress(common(parseInt(timeout.http.connectionIdleTimeout)));
}

function ofPrefix(
  { metadata }: { metadata: { annotations?: Record<string, string> } },
  prefix: string,
): Record<string, string | undefined> {
  const own = Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

function refuse(unknown: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(unknown);
  if (names.length > 0) throw new Error(`What Traefik does with ${names.join()} is not known here.`);
}
