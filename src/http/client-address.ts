import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** The parts of a request from which the address of its client is found. */
export type AddressedRequest = Pick<IncomingMessage, 'headers'> & {
  readonly socket: { readonly remoteAddress?: string | undefined };
};

/** The address of a client whose connection has already closed. */
const UNKNOWN = 'unknown';

/**
 * Matches an address with a port, as some proxies write it: `192.0.2.7:4711`, `[2001:db8::7]:4711`.
 */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]+)\]):\d+$/;

/**
 * Finds the addresses of clients, from their TCP connections or from the headers of trusted
 * proxies.
 */
export class ClientAddresses {
  private readonly trusts: (address: string) => boolean;

  /**
   * @param trusted addresses and networks of proxies. X-Forwarded-* headers from any other address
   * are ignored, because clients can forge them.
   */
  constructor(trusted: readonly string[]) {
    const trusts = proxyAddr.compile([...trusted]);
    this.trusts = (address) => trusts(withoutPort(address), 0);
  }

  /**
   * Returns the address by which the limits of a client are counted: its IPv4 address, or the /64
   * network of its IPv6 address. A /64 belongs to one household, which may use any address in it.
   * If a proxy forwards something that is not an address, the address of the proxy counts. So a
   * client cannot get a separate quota by sending an invalid address.
   */
  of(request: AddressedRequest): string {
    // The addresses from the nearest to the farthest for which a trusted proxy vouches.
    const hops = proxyAddr.all(request as IncomingMessage, this.trusts);
    return hops.map(keyOf).findLast((key) => key !== undefined) ?? UNKNOWN;
  }

  /**
   * Returns the address of the other end of a TCP connection in the same form, ignoring any
   * proxies.
   */
  ofPeer(remoteAddress: string | undefined): string {
    return keyOf(remoteAddress) ?? UNKNOWN;
  }

  isTrusted(remoteAddress: string | undefined): boolean {
    return remoteAddress !== undefined && this.trusts(remoteAddress);
  }

  /**
   * Returns true if the request has an X-Forwarded-For header but does not come from a trusted
   * proxy.
   */
  isDisbelieved({ headers, socket }: AddressedRequest): boolean {
    return headers['x-forwarded-for'] !== undefined && !this.isTrusted(socket.remoteAddress);
  }

  /**
   * Returns the host that the client asked for: X-Forwarded-Host from a trusted proxy, otherwise
   * Host.
   */
  hostOf({ headers, socket }: AddressedRequest): string | undefined {
    const forwarded = this.isTrusted(socket.remoteAddress) ? headers['x-forwarded-host'] : undefined;
    return forwarded === undefined ? headers.host : String(forwarded).split(',')[0]?.trim();
  }
}

function keyOf(address: string | undefined): string | undefined {
  if (address === undefined || !ipaddr.isValid(withoutPort(address))) return undefined;
  const parsed = ipaddr.process(withoutPort(address)); // IPv4 in IPv6 becomes IPv4
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

function withoutPort(address: string): string {
  const [, ipv4, ipv6] = WITH_PORT.exec(address) ?? [];
  return ipv4 ?? ipv6 ?? address;
}
