import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, Response } from 'express';

/** `Cache-Control` of a file whose name changes with its content. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
/** `Cache-Control` of a file that browsers may keep but must revalidate: the next release may change it. */
export const REVALIDATED = 'public, no-cache';

/** A file as it is sent. */
export interface StaticFile {
  /** Its media type. */
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
  /** Weak, because the plain and the compressed form share it. */
  readonly etag: string;
}

/** @throws Error if the file cannot be read now */
export async function readStaticFile(path: string, type: string): Promise<StaticFile> {
  const plain = await readFile(path);
  const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  return { type, plain, zipped: await promisify(gzip)(plain), etag: `W/"${digest}"` };
}

/** Sends a file, compressed if the client reads that, or 304 if the client has it already. */
export function sendStaticFile(
  { type, plain, zipped, etag }: StaticFile,
  cacheControl: string,
  request: Request,
  response: Response,
): void {
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', cacheControl);
  response.vary('Accept-Encoding');
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  const isZipped = request.acceptsEncodings('gzip', 'identity') === 'gzip';
  const body = isZipped ? zipped : plain;
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', body.length);
  if (isZipped) response.setHeader('Content-Encoding', 'gzip');
  response.end(body);
}
