import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const PACKAGE = require.resolve('socket.io/package.json');

/** The files that Socket.IO serves under its path. */
const FILE = /^\/(socket\.io(?:\.min|\.esm\.min|\.msgpack\.min)?\.js(?:\.map)?)(?:\?|$)/;

interface Text {
  readonly plain: Buffer;
  readonly zipped: Buffer;
}

/**
 * Serves Socket.IO's client library instead of Socket.IO. Socket.IO opens and compresses the file
 * for each request, and never closes it if a client sends several requests in a row and
 * disconnects. This class reads and compresses each file once, at its first request.
 */
export class ClientLibrary {
  private readonly texts = new Map<string, Promise<Text>>();
  private readonly etag: string;

  /** @param path the path of Socket.IO, such as `/socket.io` */
  constructor(private readonly path: string) {
    const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version: string };
    this.etag = `W/"${version}"`;
  }

  /** Middleware of engine.io. It passes all other requests on. */
  readonly serve = (request: IncomingMessage, response: unknown, next: () => void): void => {
    const [, file] = FILE.exec(request.url?.slice(this.path.length) ?? '') ?? [];
    if (file === undefined || !(response instanceof ServerResponse)) next();
    else void this.answer(file, request, response as ServerResponse<IncomingMessage>);
  };

  private async answer(
    file: string,
    { headers }: IncomingMessage,
    response: ServerResponse<IncomingMessage>,
  ): Promise<void> {
    response.setHeader('Cache-Control', 'public, max-age=0');
    response.setHeader('ETag', this.etag);
    response.appendHeader('Vary', 'Accept-Encoding');
    const known = headers['if-none-match'];
    if (known !== undefined && known.replace('W/', '') === this.etag.replace('W/', '')) {
      response.writeHead(304).end();
      return;
    }
    let text = this.texts.get(file);
    if (!text) {
      text = load(file);
      this.texts.set(file, text);
      text.catch(() => this.texts.delete(file)); // the next request retries
    }
    try {
      const { plain, zipped } = await text;
      const isZipped = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
      const type = file.endsWith('.map') ? 'json' : 'javascript';
      response.setHeader('Content-Type', `application/${type}; charset=utf-8`);
      if (isZipped) response.setHeader('Content-Encoding', 'gzip');
      response.end(isZipped ? zipped : plain);
    } catch {
      response.writeHead(503).end();
    }
  }
}

async function load(file: string): Promise<Text> {
  const plain = await readFile(join(dirname(PACKAGE), 'client-dist', file));
  return { plain, zipped: await promisify(gzip)(plain) };
}
