import 'reflect-metadata';
import { Environment } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/gateway-config.js';
import { CI_VALUES, NGINX, read, Rendered } from './support/chart.js';

const SECRETS = [
  'SECRET_KEY',
  'JWT_SECRET',
  'ADMIN_TOKEN',
  'REDIS_PASSWORD',
  'REDIS_URL',
  'REDIS_SENTINEL_PASSWORD',
];
/** How a container gets a key of a Secret. */
const from = (name: string, key: string) => ({ valueFrom: { secretKeyRef: { name, key } } });

describe('settings', () => {
  const schema = JSON.parse(read('helm/socket-gateway/values.schema.json')) as {
    readonly properties: Readonly<Record<'config' | 'secrets', { readonly properties: object }>>;
  };

  it('every variable of the gateway has one place: a separate value, `config`, or a secret', () => {
    const managed = [
      'PORT',
      'ADMIN_PORT',
      'TRANSPORTS',
      'WORKERS',
      'DRAIN_TIMEOUT_MS',
      'REDIS_SHARDED_PUBSUB',
      'KEY_PREFIX',
      'CHANNEL_PREFIX',
      'REDIS_TLS_CA',
      'REDIS_USERNAME',
      'TLS_CERT',
      'TLS_KEY',
      'REPLICA_NAME', // the name of the pod; one value would give all pods the same name
      ...SECRETS.map((name) => `${name}_FILE`), // of `secretFiles`
    ];
    const places = [
      ...Object.keys(schema.properties.config.properties),
      ...Object.keys(schema.properties.secrets.properties),
      ...managed,
    ];
    expect(places.sort()).toEqual(Object.keys(new Environment()).sort());
  });

  it.each(CI_VALUES)('the gateway accepts the settings in %s', (values) => {
    const rendered = Rendered.from(values);
    // these files exist only in a pod
    const { TLS_CERT, TLS_KEY, REDIS_TLS_CA, ...config } = rendered.config;
    expect([TLS_CERT, TLS_KEY].filter(Boolean)).toHaveLength(
      rendered.pod.volumes?.some(({ name }) => name === 'tls') ? 2 : 0,
    );
    const given = Object.fromEntries(
      (rendered.container.env ?? [])
        .filter(({ valueFrom }) => 'secretKeyRef' in (valueFrom ?? {}))
        .map(({ name }) => [
          name,
          name === 'REDIS_URL' ? 'redis://user:password@redis:6379/0' : 'kR4nZ0q7cV1tY8uW2xE5aB9dF3gH6jL0',
        ]),
    );
    expect(() => loadConfig({ ...config, ...given })).not.toThrow();
    expect(REDIS_TLS_CA ?? '/etc/socket-gateway/redis/ca.crt').toBe('/etc/socket-gateway/redis/ca.crt');
  });

  it('numbers are passed on as they were written', () => {
    const { config } = Rendered.from({
      'config.CACHE_MAX_BYTES': 17_179_869_184,
      'config.MAX_CONNECTIONS': 1_000_000,
    });
    expect(config).toMatchObject({ CACHE_MAX_BYTES: '17179869184', MAX_CONNECTIONS: '1000000' });
  });

  it('variables from extraEnvFrom do not override those that ports, probes and the grace period depend on', () => {
    const { container, config } = Rendered.from('13-everything-extra-values.yaml');
    for (const name of ['PORT', 'ADMIN_PORT', 'TRANSPORTS', 'DRAIN_TIMEOUT_MS']) {
      expect(config).toHaveProperty(name);
      const key = { name: 'r-prices', key: name };
      expect(container.env).toContainEqual({ name, valueFrom: { configMapKeyRef: key } });
    }
    expect(Rendered.from().container.env).toBeUndefined();
  });

  it('secrets come from Secrets, each with its own name and key, and appear nowhere else', () => {
    const rendered = Rendered.from(NGINX);
    expect(rendered.container.env).toEqual([
      { name: 'ADMIN_TOKEN', ...from('gateway', 'ADMIN_TOKEN') },
      { name: 'JWT_SECRET', ...from('auth', 'signing-key') },
      { name: 'REDIS_URL', ...from('gateway', 'REDIS_URL') },
      { name: 'SECRET_KEY', ...from('gateway', 'SECRET_KEY') },
    ]);
    for (const values of CI_VALUES) {
      const made = Rendered.from(values);
      expect(made.all('Secret')).toEqual([]);
      const plain = Object.keys(made.config).filter((name) => SECRETS.includes(name) && name !== 'REDIS_URL');
      expect([values, plain, made.config.REDIS_URL ?? '']).toEqual([
        values,
        [],
        expect.not.stringContaining('@'),
      ]);
    }
  });

  it('secretFiles mounts each secret as a file that its variable names, and sets none of them', () => {
    const rendered = Rendered.from({
      secretFiles: true,
      'secrets.SECRET_KEY': { existingSecret: 'gateway', key: 'SECRET_KEY' },
      'secrets.REDIS_PASSWORD': { existingSecret: 'redis', key: 'redis-password' },
    });
    expect(rendered.container.env).toEqual([
      { name: 'REDIS_PASSWORD_FILE', value: '/etc/socket-gateway/secrets/REDIS_PASSWORD' },
      { name: 'SECRET_KEY_FILE', value: '/etc/socket-gateway/secrets/SECRET_KEY' },
    ]);
    expect(rendered.container.volumeMounts).toEqual([
      { name: 'secrets', mountPath: '/etc/socket-gateway/secrets', readOnly: true },
    ]);
    const source = (name: string, key: string, path: string) => ({
      secret: { name, items: [{ key, path }] },
    });
    expect(rendered.pod.volumes).toEqual([
      {
        name: 'secrets',
        projected: {
          defaultMode: 440, // 0440, which is octal to Kubernetes, and decimal to this parser
          sources: [
            source('redis', 'redis-password', 'REDIS_PASSWORD'),
            source('gateway', 'SECRET_KEY', 'SECRET_KEY'),
          ],
        },
      },
    ]);
    expect(Rendered.from({ secretFiles: true }).pod.volumes).toBeUndefined();
  });

  it('pods keep idle connections longer than the proxy in front of them does', () => {
    for (const values of CI_VALUES) {
      const { config } = Rendered.from(values);
      const seconds = Number(
        /timeoutSeconds: (\d+)/.exec(read(`helm/socket-gateway/ci/${values}`))?.[1] ?? 3_600,
      );
      expect([values, Number(config.KEEP_ALIVE_TIMEOUT_MS)]).toEqual([values, (seconds + 5) * 1_000]);
    }
    expect(Rendered.from({ 'config.KEEP_ALIVE_TIMEOUT_MS': 7_200_000 }).config.KEEP_ALIVE_TIMEOUT_MS).toBe(
      '7200000',
    );
  });

  it('Redis: sentinels with their password and an authority, a cluster with a user and SPUBLISH, and a development Redis', () => {
    const sentinel = Rendered.from('09-sentinel-values.yaml');
    expect(sentinel.config).toMatchObject({ REDIS_TLS_CA: '/etc/socket-gateway/redis/ca.crt' });
    expect(sentinel.container.env.map(({ name }) => name)).toEqual(['REDIS_SENTINEL_PASSWORD', 'REDIS_URL']);
    expect(sentinel.pod.volumes).toEqual([
      { name: 'redis-ca', secret: { secretName: 'redis-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    ]);
    const cluster = Rendered.from('10-cluster-sharded-values.yaml');
    expect(cluster.config).toMatchObject({
      REDIS_URL: 'redis+cluster://redis-0.redis:6379,redis-1.redis:6379,redis-2.redis:6379',
      REDIS_USERNAME: 'gateway',
      REDIS_SHARDED_PUBSUB: 'true',
      KEY_PREFIX: 'prices:',
      CHANNEL_PREFIX: 'prices:',
    });
    expect(sentinel.config).not.toHaveProperty('KEY_PREFIX');
    expect(sentinel.config).not.toHaveProperty('CHANNEL_PREFIX');
    expect(cluster.container.env).toEqual([{ name: 'REDIS_PASSWORD', ...from('redis', 'redis-password') }]);
    const development = Rendered.from('02-development-values.yaml');
    const service = development.one('Service', '-redis');
    expect(development.config.REDIS_URL).toBe(`redis://${service.metadata.name}:6379/0`);
    expect(development.one('Deployment', '-redis').spec.template.metadata.labels).toMatchObject(
      service.spec.selector,
    );
  });
});
