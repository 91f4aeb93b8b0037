/**
 * An origin. With `*.` in front of its host it matches every host below that:
 * `https://*.example.com` does not match example.com itself.
 */
const PATTERN = /^(https?:\/\/)(\*\.)?([^*]+)$/;

/**
 * The text that `*` may match. It contains no `/`, `?`, `#` or `@`, because the text after one of
 * them would not be part of the host.
 */
const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

export function isOriginPattern(value: unknown): boolean {
  if (value === '*') return true;
  const [, scheme = '', wildcard, host = ''] = typeof value === 'string' ? (PATTERN.exec(value) ?? []) : [];
  const origin = `${scheme}${host}`;
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) return false;
  // Reject `https://*.com`, which would allow any site, and wildcards before an address, which has
  // no subdomains.
  return wildcard === undefined || /^[^.]+\..*[a-z]/i.test(host);
}

/** The origins of the pages that may connect, from `CORS_ORIGINS`. */
export class Origins {
  readonly any: boolean;
  private readonly exact: ReadonlySet<string>;
  private readonly below: readonly { readonly scheme: string; readonly suffix: string }[];

  /** @param patterns undefined: only the gateway's own origin */
  constructor(private readonly patterns: readonly string[] | undefined) {
    const parts = (patterns ?? []).map((pattern) => PATTERN.exec(pattern) ?? []);
    this.any = patterns?.includes('*') ?? false;
    this.exact = new Set(patterns);
    this.below = parts.flatMap(([, scheme = '', wildcard, host]) =>
      wildcard === undefined ? [] : [{ scheme, suffix: `.${host}` }],
    );
  }

  /**
   * Returns true if a request may connect. A request without an Origin is allowed: only browsers
   * send one, and only browsers run pages of other sites.
   * @param origin the Origin header
   * @param host the Host header
   */
  allows(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.any || this.exact.has(origin)) return true;
    if (this.patterns === undefined) return isOwnOrigin(origin, host);
    return this.below.some(
      ({ scheme, suffix }) =>
        origin.startsWith(scheme) &&
        origin.endsWith(suffix) &&
        LABELS.test(origin.slice(scheme.length, -suffix.length)),
    );
  }
}

/**
 * Whether a page came from this very host. The scheme is not compared: TLS may end before the
 * gateway.
 */
export function isOwnOrigin(origin: string, host: string | undefined): boolean {
  if (!host || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  // Parse the host as well, because some clients and proxies include the default port of the
  // scheme.
  const asked = `${page.protocol}//${host}`;
  return page.host !== '' && URL.canParse(asked) && new URL(asked).host === page.host;
}
