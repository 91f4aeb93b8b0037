import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** What a request tells of where it came from. */
export type AddressedRequest = Pick<IncomingMessage, 'headers'> & {
  readonly socket: { readonly remoteAddress?: string | undefined };
};

/** Whoever has no address, as at the other end of a connection that is closed already. */
const UNKNOWN = 'unknown';

/** Some proxies write the port too: `192.0.2.7:4711`, `[2001:db8::7]:4711`. */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]+)\]):\d+$/;

/** Where clients are, by their TCP connection or by what trusted proxies say of it. */
export class ClientAddresses {
  private readonly trusts: (address: string) => boolean;

  /** @param trusted addresses and networks of proxies; of anybody else X-Forwarded-* is a client's own word, and not believed */
  constructor(trusted: readonly string[]) {
    const trusts = proxyAddr.compile([...trusted]);
    this.trusts = (address) => trusts(withoutPort(address), 0);
  }

  /**
   * What a client's limits are counted by: its IPv4 address, or the /64 of its IPv6 address, of which every household has one
   * to itself and may use any part. Where a proxy says what is no address, the nearest one that is, which is a proxy's: nobody
   * gets a share of his own by nonsense.
   */
  of(request: AddressedRequest): string {
    // From the nearest to the farthest that a trusted proxy vouches for.
    const hops = proxyAddr.all(request as IncomingMessage, this.trusts);
    return hops.map(keyOf).findLast((key) => key !== undefined) ?? UNKNOWN;
  }

  /** The same of the other end of a TCP connection, whoever it stands for. */
  ofPeer(remoteAddress: string | undefined): string {
    return keyOf(remoteAddress) ?? UNKNOWN;
  }

  isTrusted(remoteAddress: string | undefined): boolean {
    return remoteAddress !== undefined && this.trusts(remoteAddress);
  }

  /** Whether somebody says whom he speaks for, and is not believed. */
  isDisbelieved({ headers, socket }: AddressedRequest): boolean {
    return headers['x-forwarded-for'] !== undefined && !this.isTrusted(socket.remoteAddress);
  }

  /** The host that the client asked for. */
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
