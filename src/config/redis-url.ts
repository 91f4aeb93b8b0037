/** The address of a server. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The parsed form of a `REDIS_URL`. */
export type RedisTarget = {
  /** True for `rediss`: TLS is used for every server, including sentinels. */
  readonly tls: boolean;
} & RedisCredentials &
  (
    | {
        /**
         * A single server. ioredis parses the URL itself, from which the user and password have
         * been removed.
         */
        readonly kind: 'single';
        readonly url: string;
      }
    | {
        /**
         * `endpoints` are sentinels that know the address of the master `name`. The user and
         * password are those of the master.
         */
        readonly kind: 'sentinel';
        readonly endpoints: readonly Endpoint[];
        readonly name: string;
        readonly db: number;
      }
    | {
        /** `endpoints` are some nodes of a cluster. */
        readonly kind: 'cluster';
        readonly endpoints: readonly Endpoint[];
      }
  );

export interface RedisCredentials {
  readonly username?: string;
  readonly password?: string;
}

/** Returns the number of the database that a URL names. */
export function databaseOf(target: RedisTarget): number {
  switch (target.kind) {
    case 'single':
      return Number(new URL(target.url).pathname.slice(1));
    case 'sentinel':
      return target.db;
    case 'cluster':
      return 0;
  }
}

const MANY = /^(rediss?)\+(sentinel|cluster):\/\/(?:(.*)@)?([^/@?#]+)(\/[^?#]*)?$/;
const DEFAULT_PORT = { sentinel: 26_379, cluster: 6_379 } as const;

/**
 * Reads `redis://`, `redis+sentinel://`, `redis+cluster://` and their `rediss` forms; undefined for
 * anything else.
 */
export function parseRedisUrl(url: string): RedisTarget | undefined {
  const [, scheme, kind, userInfo = '', hosts = '', path = ''] = MANY.exec(url) ?? [];
  if (kind !== 'sentinel' && kind !== 'cluster') return parseSingle(url);
  const endpoints = hosts.split(',').map((text) => parseEndpoint(text.trim(), DEFAULT_PORT[kind]));
  const credentials = parseUserInfo(userInfo);
  if (!credentials || !endpoints.every((endpoint) => endpoint !== undefined)) return undefined;
  const tls = scheme === 'rediss';
  if (kind === 'cluster') {
    return path === '' || path === '/' || path === '/0'
      ? { kind, tls, endpoints, ...credentials }
      : undefined;
  }
  const [, name, db = '0'] = /^\/([^/]+)(?:\/(\d{1,3}))?$/.exec(path) ?? [];
  return name === undefined ? undefined : { kind, tls, endpoints, name, db: Number(db), ...credentials };
}

function parseSingle(url: string): RedisTarget | undefined {
  // ioredis would not recognize a URL with leading blanks.
  if (!/^rediss?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(url);
  if (hostname === '' || !/^(\/\d{0,3})?$/.test(pathname)) return undefined;
  // In ioredis, a query can override any option that the gateway sets, and an invalid escape only
  // fails when it connects.
  const credentials = parseUserInfo(`${username}:${password}`);
  if (search !== '' || hash !== '' || !credentials) return undefined;
  const bare = Object.assign(new URL(url), { username: '', password: '' });
  return { kind: 'single', tls: protocol === 'rediss:', url: bare.href, ...credentials };
}

function parseEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  const [, bracketed, plain, port = `${defaultPort}`] =
    /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port);
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number };
}

/** Reads `user:password`, `:password` or an empty text, with percent-encoded characters. */
function parseUserInfo(text: string): RedisCredentials | undefined {
  const [username = '', ...rest] = text.split(':');
  try {
    const password = decodeURIComponent(rest.join(':'));
    return {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password }),
    };
  } catch {
    return undefined; // an invalid escape, such as a single %
  }
}
