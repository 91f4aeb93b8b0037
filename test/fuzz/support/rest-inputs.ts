import { hs256 } from '../../support/tokens.js';
import { mutate } from './mutate.js';
import type { Random } from './random.js';

const METHODS = ['GET', 'GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE', 'PROPFIND', 'get'];
const SYMBOLS = [
  ...['NIFTY', 'AAPL', 'M%26M', 'M&M', 'NOSUCH', '__proto__', 'constructor', 'toString', 'a:b', '*'],
  ...['', '%00', '%ff', '%2e%2e', '..', '%2F', 'x'.repeat(33), 'x'.repeat(9_000), 'é', '%E0%A4%A', "'"],
  ...['=1+1', '<b>', '%0d%0aX: y', ' ', '%20NIFTY%20'],
];
const EXPIRIES = ['expiries', '2026-12-03', '2026-02-30', '0000-00-00', '9999-12-31', '%', 'x', '', '*'];
const PARAMETERS = [
  ...[
    'format=csv',
    'format=json',
    'format=',
    'format=xml',
    'format[]=csv',
    'format[x]=y',
    'format=csv&format=csv',
  ],
  ...[
    'token=x',
    '__proto__[x]=1',
    'constructor=1',
    'symbols[0]=NIFTY',
    'symbols',
    '&&&',
    '=',
    '%',
    '?',
    '#x',
  ],
];
const HEADERS = [
  ...[
    'Accept: text/csv',
    'Accept: */*;q=1e999',
    'Accept: image/png',
    'Accept: ,,;;q=',
    `Accept: ${'a/b,'.repeat(2_000)}`,
  ],
  ...[
    'If-None-Match: *',
    'If-None-Match: "x"',
    'If-None-Match: W/"',
    `If-None-Match: ${'"x",'.repeat(2_000)}`,
  ],
  ...['Accept-Encoding: gzip', 'Accept-Encoding: gzip;q=0, br', 'Range: bytes=0-1', 'Content-Length: 5'],
  ...['Authorization: Bearer', 'Authorization: Bearer x.y.z', `Authorization: Bearer ${hs256()}`],
  ...['Authorization: Basic eA==', 'Authorization: Bearer a\r\nAuthorization: Bearer b'],
  ...[
    'Origin: null',
    'Origin: https://a.example',
    'X-Forwarded-For: 1.2.3.4',
    'X-HTTP-Method-Override: POST',
  ],
];

const TIMES = [
  ...[
    '2026-11-22T04:43:39.330112',
    '2026-11-22T04:43:39Z',
    '2026-11-22T10:13:39+05:30',
    '1970-01-01T00:00:00',
  ],
  ...['9999-12-31T23:59:59Z', '2026-02-30T00:00:00', '2026-11-22T04:43:39%2B99:99', 'now', '', '%00', '0'],
];
const LIMITS = ['1', '2', '1000', '5000', '5001', '0', '-1', '1e3', '1.5', 'NaN', '', ' 1', '9'.repeat(400)];
const RESOLUTIONS = ['raw', '1m', '5m', '1h', '2m', '', 'RAW', '__proto__'];
const CURSORS = [
  ...['b1795322618330-1119999999-5c1f09ae', 'a0-0-00000000', 'b999999999999999-9999999999999999-ffffffff'],
  ...['b1-1', 'c1-1-00000000', '', '-', `${'b1-'.repeat(3_000)}00000000`, '%0d%0aLink: x', 'b1-1-0000000g'],
];

/** The query of a page of history, with any of its parameters, some of them repeated. */
function historyQuery(random: Random): string {
  const parameters = {
    from: TIMES,
    to: TIMES,
    limit: LIMITS,
    resolution: RESOLUTIONS,
    cursor: CURSORS,
  };
  const given = Object.entries(parameters).filter(() => random.once(3));
  // Half of the values are valid ones, so that a page is read.
  const query = given.map(([name, values]) => `${name}=${random.once(2) ? values[0]! : random.pick(values)}`);
  if (query.length > 0 && random.once(10)) query.push(random.pick(query));
  return query.join('&');
}

function pathOf(random: Random): string {
  const symbol = random.pick(SYMBOLS);
  switch (random.below(10)) {
    case 0:
      return '/v1/products';
    case 1:
      return `/v1/chains/${symbol}`;
    case 2:
      return `/v1/chains/${symbol}/${random.pick(EXPIRIES)}`;
    case 3:
      return `/v1/${random.pick(SYMBOLS)}`;
    case 4:
    case 5:
      return `/v1/history/prices/${random.once(2) ? 'NIFTY' : symbol}?${historyQuery(random)}`;
    case 6:
      return `/v1/history/chains/${symbol}/${random.pick(EXPIRIES)}?${historyQuery(random)}`;
    case 7:
      return `/v1/history/openings/${symbol}/${random.pick(EXPIRIES)}`;
    default: {
      const symbols = Array.from({ length: random.pick([0, 1, 2, 5, 150]) }, () => random.pick(SYMBOLS));
      return `/v1/prices?symbols=${symbols.join(random.pick([',', '&symbols=', ';', ',,']))}`;
    }
  }
}

/** Generates requests of the HTTP API, most of which contain an error. */
export function restInput(random: Random): Buffer {
  const path = pathOf(random);
  const parameters = Array.from({ length: random.below(3) }, () => random.pick(PARAMETERS)).join('&');
  const target = parameters === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${parameters}`;
  const headers = Array.from({ length: random.below(4) }, () => random.pick(HEADERS));
  const lines = [`${random.pick(METHODS)} ${target} HTTP/1.1`, 'Host: fuzz', ...headers, '', ''];
  const request = Buffer.from(lines.join('\r\n'), 'latin1');
  // Pipelined requests of a client that reads nothing in between.
  if (random.once(10)) return Buffer.concat([request, request, request]);
  return random.once(6) ? mutate(random, request, Buffer.from('GET /v1/products HTTP/1.1\r\n')) : request;
}
