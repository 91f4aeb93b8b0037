import { isIP } from 'node:net';

/** A host name, optionally with `*.` in front, which matches any name below it. */
const PATTERN = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i;

/**
 * The `Host` header: an address or a name, optionally with a port. An IPv6 address is in brackets.
 */
const HOST = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*))(?::\d*)?$/i;

/**
 * Suffixes of names that no public DNS server resolves: names of the machine itself, of a cluster
 * or of a private network.
 */
const PRIVATE_SUFFIXES = ['.localhost', '.svc', '.svc.cluster.local', '.internal'];

export function isAdminHost(value: unknown): value is string {
  return value === '*' || (typeof value === 'string' && PATTERN.test(value));
}

/**
 * Decides under which host names the admin port may be addressed, as a protection against DNS
 * rebinding. In such an attack, a web page points its own host name at the address of the admin
 * port. The browser of an operator who visits the page then treats the admin port as the server of
 * that page. But the browser still sends the name as `Host`. An address, or a name that public DNS
 * does not resolve, cannot belong to such a page.
 */
export class AdminHosts {
  private readonly any: boolean;
  private readonly exact: ReadonlySet<string>;
  private readonly suffixes: readonly string[];

  /**
   * @param patterns additional names to allow, such as `gateway.example.com` or `*.example.com`;
   * `*` allows all
   */
  constructor(patterns: readonly string[]) {
    const names = patterns.map((pattern) => pattern.toLowerCase());
    this.any = names.includes('*');
    this.exact = new Set(names.filter((name) => !name.startsWith('*')));
    this.suffixes = [
      ...PRIVATE_SUFFIXES,
      ...names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1)),
    ];
  }

  /** @param host the `Host` header; undefined in HTTP/1.0 requests, which no browser sends */
  allows(host: string | undefined): boolean {
    if (this.any || host === undefined) return true;
    const [, ipv6, named] = HOST.exec(host) ?? [];
    if (ipv6 !== undefined) return isIP(ipv6) === 6;
    if (named === undefined) return false;
    const name = named.toLowerCase().replace(/\.$/, '');
    // Top-level domains have no hosts, so a name without a dot belongs to the local network.
    if (isIP(name) === 4 || !name.includes('.')) return true;
    return this.exact.has(name) || this.suffixes.some((suffix) => name.endsWith(suffix));
  }
}
