/** An origin, or with `*.` in front of its host any below it: `https://*.example.com`, which is not example.com itself. */
const PATTERN = /^(https?:\/\/)(\*\.)?([^*]+)$/;

/** What may stand for the `*`. No `/`, `?`, `#` or `@`: behind one of them the rest would not be the host. */
const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

export function isOriginPattern(value: unknown): boolean {
  if (value === '*') return true;
  const [, scheme = '', wildcard, host = ''] = typeof value === 'string' ? (PATTERN.exec(value) ?? []) : [];
  const origin = `${scheme}${host}`;
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) return false;
  // `https://*.com` would be half the world; so would an address, which has nothing below it.
  return wildcard === undefined || /^[^.]+\..*[a-z]/i.test(host);
}

/** The pages that browsers may connect from: the origins of `CORS_ORIGINS`. */
export class Origins {
  readonly any: boolean;
  private readonly exact: ReadonlySet<string>;
  private readonly below: readonly { readonly scheme: string; readonly suffix: string }[];

  /** @param patterns undefined: the gateway's own origin alone */
  constructor(private readonly patterns: readonly string[] | undefined) {
    const parts = (patterns ?? []).map((pattern) => PATTERN.exec(pattern) ?? []);
    this.any = patterns?.includes('*') ?? false;
    this.exact = new Set(patterns);
    this.below = parts.flatMap(([, scheme = '', wildcard, host]) =>
      wildcard === undefined ? [] : [{ scheme, suffix: `.${host}` }],
    );
  }

  /**
   * @param origin the request's Origin, as browsers send it; no other client has one, and who has none is not kept out by this
   * @param host the request's Host
   */
  allows(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.any || this.exact.has(origin)) return true;
    if (this.patterns === undefined) return isOwn(origin, host);
    return this.below.some(
      ({ scheme, suffix }) =>
        origin.startsWith(scheme) &&
        origin.endsWith(suffix) &&
        LABELS.test(origin.slice(scheme.length, -suffix.length)),
    );
  }
}

/** Whether a page came from this very host. The scheme is not compared: TLS may end before the gateway. */
function isOwn(origin: string, host: string | undefined): boolean {
  if (!host || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  // Parsed as well: some clients and proxies write the port that the scheme has in any case.
  const asked = `${page.protocol}//${host}`;
  return page.host !== '' && URL.canParse(asked) && new URL(asked).host === page.host;
}
