import { isIP } from 'node:net';

/** A name, with or without `*.` in front for any name below it. */
const PATTERN = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i;

/** `Host`: an address or a name, and the port. An IPv6 address is in brackets. */
const HOST = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*))(?::\d*)?$/i;

/** Names that no public DNS server can resolve: a machine's own, and those of a cluster or a private network. */
const PRIVATE_SUFFIXES = ['.localhost', '.svc', '.svc.cluster.local', '.internal'];

export function isAdminHost(value: unknown): value is string {
  return value === '*' || (typeof value === 'string' && PATTERN.test(value));
}

/**
 * By which names the admin port may be addressed. A page can point a name of its own at the address of the admin port (DNS rebinding), and
 * then the browser of an operator who visits it takes that port for the page's own server. The browser still sends the page's name as
 * `Host`. An address, or a name that public DNS does not have, cannot be a page's.
 */
export class AdminHosts {
  private readonly any: boolean;
  private readonly exact: ReadonlySet<string>;
  private readonly suffixes: readonly string[];

  /** @param patterns names to allow besides, such as `gateway.example.com` or `*.example.com`; `*`: all */
  constructor(patterns: readonly string[]) {
    const names = patterns.map((pattern) => pattern.toLowerCase());
    this.any = names.includes('*');
    this.exact = new Set(names.filter((name) => !name.startsWith('*')));
    this.suffixes = [
      ...PRIVATE_SUFFIXES,
      ...names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1)),
    ];
  }

  /** @param host the header; undefined in requests of HTTP/1.0, which no browser sends */
  allows(host: string | undefined): boolean {
    if (this.any || host === undefined) return true;
    const [, ipv6, named] = HOST.exec(host) ?? [];
    if (ipv6 !== undefined) return isIP(ipv6) === 6;
    if (named === undefined) return false;
    const name = named.toLowerCase().replace(/\.$/, '');
    // The root has no hosts, so that a name without a dot is one of the local network.
    if (isIP(name) === 4 || !name.includes('.')) return true;
    return this.exact.has(name) || this.suffixes.some((suffix) => name.endsWith(suffix));
  }
}
