import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GatewayConfig } from '../config/gateway-config.js';
import { preferredType } from '../http/preferred-type.js';
import type { Caller } from './caller.js';
import { entityTag } from './content-tags.js';
import { onceSent } from './once-sent.js';
import { type PreparedBody, PreparedBodies, zippedBody } from './prepared-bodies.js';
import { type Format, FORMATS, type Representation } from './representation.js';
import { RestError, tooSlow, unavailable } from './rest-error.js';
import { RestMetrics } from './rest.metrics.js';
import { UnsentBytes } from './unsent-bytes.js';

const MAX_PREPARED_BYTES = 33_554_432;
const MAX_UNSENT_BYTES = 134_217_728;

const TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

/** The headers that pages of other origins may read. */
const EXPOSED_HEADERS = 'Content-Disposition, ETag, Link, Retry-After';

/** Allows pages to read the headers of every response, errors included. */
export function exposeHeaders(response: Response): void {
  response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
}

/** Sends resources: in the format that the client asked for, and only if it has another version. */
@Injectable()
export class RestResponder implements OnModuleInit {
  private readonly bodies = new PreparedBodies(MAX_PREPARED_BYTES);
  private readonly unsent: UnsentBytes;

  constructor(
    private readonly config: GatewayConfig,
    private readonly metrics: RestMetrics,
  ) {
    this.unsent = new UnsentBytes({
      maxPerCaller: config.maxClientBufferBytes,
      maxTotal: MAX_UNSENT_BYTES,
    });
  }

  onModuleInit(): void {
    this.metrics.onScrape(() => this.metrics.unsentBytes.set(this.unsent.total));
  }

  /**
   * @param format the format that the query names
   * @throws RestError if the client accepts no format, or reads too slowly
   */
  async send(
    caller: Caller,
    request: Request,
    response: Response,
    format: Format | undefined,
    resource: Representation,
  ): Promise<void> {
    const chosen = format ?? formatOf(request);
    const etag = entityTag([chosen, ...resource.content]);
    this.setHeaders(response, etag);
    if (request.fresh) {
      response.status(304).end();
      this.metrics.count(request, 304);
      return;
    }
    const body = this.bodyOf(resource, chosen, etag);
    const isZipped = this.isZipped(request, body);
    const bytes = isZipped ? await zippedBody(body) : body.plain;
    this.reserve(caller, request, response, bytes.length);
    response.setHeader('Content-Type', TYPES[chosen]);
    if (chosen === 'csv')
      response.setHeader('Content-Disposition', `attachment; filename="${resource.fileName}.csv"`);
    if (isZipped) response.setHeader('Content-Encoding', 'gzip');
    response.setHeader('Content-Length', bytes.length);
    response.end(bytes);
    this.metrics.count(request, 200);
  }

  private setHeaders(response: Response, etag: string): void {
    const isOpen = this.config.authMode === 'off';
    response.setHeader('ETag', etag);
    // The next update may come at any moment: a cache may keep a response, but must ask whether it
    // is still the newest. If a token is needed, only the cache of the user may keep it.
    response.setHeader('Cache-Control', isOpen ? 'public, no-cache' : 'private, no-cache');
    response.vary(isOpen ? 'Accept, Accept-Encoding' : 'Accept, Accept-Encoding, Authorization');
    exposeHeaders(response);
  }

  private bodyOf(resource: Representation, format: Format, etag: string): PreparedBody {
    const make = () => resource[format]();
    if (!resource.isShared) return { etag, plain: Buffer.from(make()) };
    return this.bodies.get(`${resource.fileName}.${format}`, etag, make);
  }

  private isZipped(request: Request, { plain }: PreparedBody): boolean {
    const { compressAboveBytes } = this.config;
    if (compressAboveBytes === 0 || plain.length < compressAboveBytes || request.method === 'HEAD')
      return false;
    return request.acceptsEncodings('gzip', 'identity') === 'gzip';
  }

  /** Counts the bytes until the client has taken them. */
  private reserve({ name }: Caller, request: Request, response: Response, bytes: number): void {
    if (request.method === 'HEAD') return;
    const refusal = this.unsent.refusal(name, bytes);
    if (refusal === 'caller') throw tooSlow();
    if (refusal === 'total') throw unavailable('is sending too much');
    this.unsent.add(name, bytes);
    onceSent(response, request.socket, () => this.unsent.remove(name, bytes));
  }
}

/** @throws RestError */
function formatOf(request: Request): Format {
  const format = preferredType(request, FORMATS);
  if (format !== undefined) return format;
  const message = 'The gateway has this as application/json or text/csv. Accept one of them.';
  throw new RestError('NOT_ACCEPTABLE', message);
}
