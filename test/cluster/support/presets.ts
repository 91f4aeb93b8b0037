import type { SocketOptions } from 'socket.io-client';
import { Rendered, type Values, valueArgs, VERSIONS } from '../../helm/support/chart.js';
import { claims, hs256, JWT_SECRET } from '../../support/tokens.js';
import { ingressNginx } from './ingress-nginx.js';
import type { Routing } from './routing.js';
import { alb, envoy, traefik } from './stand-ins.js';

/** A kind of ingress that the chart supports, as `helm template` renders it. */
export interface Preset {
  readonly rendered: Rendered;
  readonly routing: Routing;
  /** The content of the Secrets that the pods' environment refers to. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The settings that depend on the location, here on this machine. */
  readonly network: Readonly<Record<string, string>>;
  /** The options that the n-th client needs. */
  readonly auth: (n: number) => Partial<SocketOptions>;
}

const SECRETS: Readonly<Record<string, string>> = {
  SECRET_KEY: 'the-same-for-all-pods-32-bytes-at-least',
  JWT_SECRET,
  ADMIN_TOKEN: 'the-token-of-those-who-operate-this',
  REDIS_URL: '',
};

/**
 * @param extra values that override the file, which refers to certificates that do not exist here
 */
function preset(
  values: Values,
  routingOf: (rendered: Rendered) => Routing,
  extra: Readonly<Record<string, unknown>> = {},
): Preset {
  const rendered = Rendered.from(values, VERSIONS[0], ...valueArgs(extra));
  const { config, container } = rendered;
  const asked = (container.env ?? [])
    .filter(({ valueFrom }) => valueFrom?.secretKeyRef)
    .map(({ name }) => name);
  const secret = (name: string) => {
    const value = SECRETS[name];
    if (value === undefined) throw new Error(`There is no secret ${name} here.`);
    return value;
  };
  // Each client is another user, because abandoned sessions count for their user for a while.
  const token = (n: number) =>
    hs256(claims({ iss: config.JWT_ISSUER, aud: config.JWT_AUDIENCE, user_id: n }));
  return {
    rendered,
    routing: routingOf(rendered),
    secrets: Object.fromEntries(asked.map((name) => [name, secret(name)])),
    network: config.TRUST_PROXY ? { TRUST_PROXY: '127.0.0.1/32' } : {},
    auth: (n) => (config.AUTH_MODE === 'required' ? { auth: { token: token(n) } } : {}),
  };
}

const WEBSOCKET_ALONE = {
  'ingress.enabled': true,
  'ingress.className': 'nginx',
  'ingress.hosts': ['g.example.com'],
};
const PLAIN = { 'tls.existingSecret': '' };

/** Ingresses for nginx itself, translated by annotation. */
export const NGINX: Readonly<Record<string, () => Preset>> = {
  'WebSocket only, no affinity': () => preset(WEBSOCKET_ALONE, ingressNginx),
  'nginx by address': () => preset('03-production-nginx-values.yaml', ingressNginx),
  'nginx by cookie': () => preset('04-nginx-cookie-values.yaml', ingressNginx),
};

/** Other ingresses, for which nginx is a substitute. */
export const STAND_INS: Readonly<Record<string, () => Preset>> = {
  'Traefik, by cookie': () => preset('05-traefik-values.yaml', traefik, PLAIN),
  'ALB, by cookie': () => preset('06-alb-values.yaml', alb),
  'Envoy Gateway, by address': () => preset('07-envoy-gateway-values.yaml', envoy),
};
