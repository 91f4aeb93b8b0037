/** One server to connect to. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What a `REDIS_URL` names. */
export type RedisTarget = {
  /** `rediss`: TLS to every server named, sentinels too. */
  readonly tls: boolean;
} & RedisCredentials &
  (
    | {
        /** One server; ioredis reads the URL itself, which has no user or password any more. */
        readonly kind: 'single';
        readonly url: string;
      }
    | {
        /** `endpoints` are sentinels, which know where the master `name` is; user and password are the master's. */
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

/** The number of the database that a URL names. */
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

/** Reads `redis://`, `redis+sentinel://`, `redis+cluster://` and their `rediss` forms; undefined for anything else. */
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
  // Blanks before it would keep ioredis from seeing that it is a URL.
  if (!/^rediss?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(url);
  if (hostname === '' || !/^(\/\d{0,3})?$/.test(pathname)) return undefined;
  // ioredis lets a query override any option of the gateway's, and fails on a wrong escape only when it connects.
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

/** `user:password`, `:password` or nothing, each percent-encoded where it must be. */
function parseUserInfo(text: string): RedisCredentials | undefined {
  const [username = '', ...rest] = text.split(':');
  try {
    const password = decodeURIComponent(rest.join(':'));
    return {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password }),
    };
  } catch {
    return undefined; // a lone %
  }
}
