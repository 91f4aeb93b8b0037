import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AdminAccess } from '../operations/admin-access.js';
import { LIVE_PAGE, readLivePage } from './live-page-files.js';

const YEAR_SECONDS = 31_536_000;

/**
 * Serves the live page at `/`. It needs no token, because it contains no data: the page connects
 * like any other client, and asks for a token if the gateway does. It is not on the admin port.
 */
@Controller()
export class LivePageController {
  private readonly files = readLivePage();

  constructor(private readonly access: AdminAccess) {}

  @Get()
  page(@Req() request: Request, @Res() response: Response): void {
    this.send(LIVE_PAGE, request, response);
  }

  @Get('icon.svg')
  icon(@Req() request: Request, @Res() response: Response): void {
    this.send('icon.svg', request, response);
  }

  @Get('assets/:file')
  asset(@Param('file') file: string, @Req() request: Request, @Res() response: Response): void {
    this.send(`assets/${file}`, request, response);
  }

  private send(name: string, request: Request, response: Response): void {
    const file = this.access.isAdmitted(request) ? undefined : this.files.get(name);
    if (!file) throw new NotFoundException();
    const { type, plain, zipped, etag, isFixed } = file;
    response.setHeader('ETag', etag);
    // Without revalidation, a browser could show the page of an older release, whose assets are gone.
    response.setHeader(
      'Cache-Control',
      isFixed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'public, no-cache',
    );
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
}
