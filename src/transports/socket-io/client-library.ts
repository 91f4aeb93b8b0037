import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { version } from '../../../package.json';

const PACKAGE = require.resolve('socket.io/package.json');

/** The files that Socket.IO serves under its path. */
const SOCKET_IO_FILE = /^\/(socket\.io(?:\.min|\.esm\.min|\.msgpack\.min)?\.js(?:\.map)?)(?:\?|$)/;

/** The gateway's own client and its source map, of the present version or of one version. */
const OWN_FILE = /^\/deltastream-client(?:-([^/?]+?))?\.js(\.map)?(?:\?|$)/;
/** Where the build puts it (scripts/bundle-client.mjs). */
const BUNDLE = join(__dirname, `../../../client/deltastream-client-${version}.js`);

/** The methods that a file may be asked for with. */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const REVALIDATE = 'public, max-age=0';
const YEAR_SECONDS = 31_536_000;

/** What a request is for. */
interface LibraryFile {
  readonly path: string;
  /** Left out: the hash of the content. */
  readonly etag?: string;
  readonly cacheControl: string;
}

interface Text {
  readonly plain: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
}

/**
 * Serves the client libraries for browsers: Socket.IO's instead of Socket.IO, and the gateway's
 * own. Socket.IO opens and compresses the file for each request, and never closes it if a client
 * sends several requests in a row and disconnects. This class reads and compresses each file once,
 * at its first request.
 */
export class ClientLibrary {
  private readonly texts = new Map<string, Promise<Text>>();
  private readonly socketIoTag: string;

  /**
   * @param path the path of Socket.IO, such as `/socket.io`
   * @param production whether a version has only one content. In development, each build has
   * another.
   */
  constructor(
    private readonly path: string,
    private readonly production: boolean,
  ) {
    const socketIo = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version: string };
    this.socketIoTag = `W/"${socketIo.version}"`;
  }

  /** Middleware of engine.io. It passes all other requests on. */
  readonly serve = (request: IncomingMessage, response: unknown, next: () => void): void => {
    const file = this.fileOf(request.url?.slice(this.path.length) ?? '');
    if (file === undefined || !(response instanceof ServerResponse)) next();
    else if (file === 'unknown version') refuse(response as ServerResponse<IncomingMessage>, 404);
    else if (!READING.has(request.method ?? '')) {
      response.setHeader('Allow', [...READING].join(', '));
      refuse(response as ServerResponse<IncomingMessage>, 405);
    } else void this.answer(file, request, response as ServerResponse<IncomingMessage>);
  };

  private fileOf(url: string): LibraryFile | 'unknown version' | undefined {
    const [, socketIo] = SOCKET_IO_FILE.exec(url) ?? [];
    if (socketIo !== undefined) {
      const path = join(dirname(PACKAGE), 'client-dist', socketIo);
      return { path, etag: this.socketIoTag, cacheControl: REVALIDATE };
    }
    const own = OWN_FILE.exec(url);
    if (!own) return undefined;
    const [, asked, map = ''] = own;
    if (asked !== undefined && asked !== version) return 'unknown version';
    const isFixed = asked !== undefined && this.production;
    return {
      path: BUNDLE + map,
      cacheControl: isFixed ? `public, max-age=${YEAR_SECONDS}, immutable` : REVALIDATE,
    };
  }

  private async answer(
    file: LibraryFile,
    { headers }: IncomingMessage,
    response: ServerResponse<IncomingMessage>,
  ): Promise<void> {
    allowEveryOrigin(response);
    try {
      const { plain, zipped, etag } = await this.textOf(file);
      response.setHeader('Cache-Control', file.cacheControl);
      response.setHeader('ETag', etag);
      response.appendHeader('Vary', 'Accept-Encoding');
      const known = headers['if-none-match'];
      if (known !== undefined && known.replace('W/', '') === etag.replace('W/', '')) {
        response.writeHead(304).end();
        return;
      }
      const isZipped = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
      const type = file.path.endsWith('.map') ? 'json' : 'javascript';
      const body = isZipped ? zipped : plain;
      response.setHeader('Content-Type', `application/${type}; charset=utf-8`);
      response.setHeader('Content-Length', body.length);
      if (isZipped) response.setHeader('Content-Encoding', 'gzip');
      response.end(body);
    } catch {
      response.writeHead(503).end();
    }
  }

  private textOf({ path, etag }: LibraryFile): Promise<Text> {
    let text = this.texts.get(path);
    if (!text) {
      text = load(path, etag);
      this.texts.set(path, text);
      text.catch(() => this.texts.delete(path)); // the next request retries
    }
    return text;
  }
}

/**
 * Browsers load modules of other origins only with CORS. The libraries are the same for everybody
 * and not secret, so `CORS_ORIGINS` does not apply to them.
 */
function allowEveryOrigin(response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.removeHeader('Access-Control-Allow-Credentials');
}

/** The body is that of the gateway's other errors. */
function refuse(response: ServerResponse, statusCode: 404 | 405): void {
  allowEveryOrigin(response);
  response.writeHead(statusCode, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ statusCode, message: STATUS_CODES[statusCode] }));
}

async function load(path: string, tag: string | undefined): Promise<Text> {
  const plain = await readFile(path);
  const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  return { plain, zipped: await promisify(gzip)(plain), etag: tag ?? `W/"${digest}"` };
}
