/** What Node's errors have in addition. Their `code` may be in an error that they wrap. */
interface Failure {
  readonly code?: string;
  readonly message?: string;
  readonly error?: Failure;
}

/** What socket.io-client adds to the error of a transport. */
interface TransportFailure extends Error {
  /** The event of the WebSocket, or the HTTP status of polling, which is 0 without a response. */
  readonly description?: Failure | number;
  /** The request of polling. Node puts its error in the status text. */
  readonly context?: { readonly statusText?: Failure | string };
}

/** The texts of socket.io-client for any failure of a transport. */
const TRANSPORT = /^(?:websocket|xhr poll|xhr post|fetch read|fetch write|webtransport) error$/i;
const EXAMPLE = 'https://gateway.example.com';

/** Throws if no connection to the address could ever succeed. */
export function checkAddress(url: unknown): void {
  // Such as a URL, for programs without types.
  if (typeof url !== 'string' && url !== undefined && url !== null)
    throw new TypeError('The gateway address must be a string.');
  const text = url?.trim() ? url : '';
  const page = (globalThis as { location?: unknown }).location;
  if (page && text.startsWith('/')) return; // relative to the page
  let problem;
  if (!text) problem = `is empty. Is the setting that it comes from set? Write one such as ${EXAMPLE}.`;
  else if (/^(?:https?|wss?):\/\//i.test(text)) {
    if (URL.canParse?.(text) !== false) return;
    problem = 'is not valid.';
  } else if (/^(?:\/|https?:|wss?:)|:\/\//i.test(text)) problem = 'must begin with https:// or http://.';
  else problem = `has no scheme. Write https://${text}, or http://${text} if the gateway has no TLS.`;
  throw new TypeError(`The gateway address ${text && `${text} `}${problem}`);
}

/**
 * The reason why no connection could be opened, in words that say what to do. Node knows the reason.
 * A browser hides it from the page, so the text lists what it may be.
 */
export function networkError(error: TransportFailure, url: string): Error {
  return new Error(`Cannot connect to ${url}: ${reasonOf(error, url)}`, { cause: error });
}

function reasonOf({ message, description, context }: TransportFailure, url: string): string {
  const sources = [description, context?.statusText].flatMap((source) =>
    source && typeof source === 'object' ? [source.error ?? source] : [],
  );
  const { code, message: text = '' } = sources.find((source) => source.message) ?? {};
  const status =
    typeof description === 'number' ? description : /^Unexpected server response: (\d+)/.exec(text)?.[1];
  if (status) return ofStatus(Number(status));
  // An error of another kind, such as that of a page that is not allowed to connect without TLS,
  // says everything itself.
  if (!text) return TRANSPORT.test(message) ? hidden(url) : message;
  const known = ADVICE.find(([pattern]) => pattern.test(`${code} ${text}`));
  return known ? `${known[1]} (${code ?? text})` : text;
}

function ofStatus(status: number): string {
  if (status === 403) return 'HTTP 403. Check that CORS_ORIGINS of the gateway has your origin.';
  if (status === 404) return 'HTTP 404. Check the address, and the option `path`.';
  return `HTTP ${status}. Check the proxy in front of the gateway.`;
}

/** What Node's code or text of an error means. The first that matches is used. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/ENOTFOUND|EAI_/, 'the host is unknown. Check its name, and your DNS.'],
  [/ECONNREFUSED/, 'nothing listens there. Check the host, the port, and that the gateway runs.'],
  [/ALTNAME/, 'the certificate is for another host.'],
  [/EXPIRED/, 'the certificate has expired.'],
  [/CERT|ISSUER|SIGNATURE/, 'the certificate is not trusted. Name its authority in NODE_EXTRA_CA_CERTS.'],
  [/EPROTO|SSL|TLS/, 'there is no TLS at this port. Write http:// if the gateway has none.'],
  [/ECONNRESET|hang up|Parse Error/, 'the server hung up. Write https:// if the gateway has TLS.'],
  [/TIMEDOUT|UNREACH/, 'the host does not answer. Check the address, and the firewalls.'],
];

function hidden(url: string): string {
  const { location } = globalThis as { location?: { origin?: string } };
  const origin = location?.origin ?? 'this page';
  const check = /^(?:https|wss):/i.test(url)
    ? 'the browser trusts its certificate: open the address in a tab.'
    : 'it has no TLS: otherwise write https://.';
  return `the browser does not tell the page why, but its console may. Check that the gateway runs at this address, that its CORS_ORIGINS has ${origin}, and that ${check}`;
}
