import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AdminAccess } from '../../operations/admin-access.js';
import { OpsPageFiles, PAGE } from './ops-page-files.js';

const YEAR_SECONDS = 31_536_000;

/**
 * Serves the page for operators, on the admin port only. The page needs no token, because it has no
 * data: it asks for the token, and sends it to the admin API.
 */
@Controller('ops')
export class OpsPageController {
  private readonly files = new OpsPageFiles();

  constructor(private readonly access: AdminAccess) {}

  @Get()
  async page(@Req() request: Request, @Res() response: Response): Promise<void> {
    this.requireAdminPort(request);
    // The links of the page are relative, so that it works below any path of a proxy.
    if (request.path.endsWith('/')) {
      response.redirect(308, '../ops');
      return;
    }
    // Browsers must ask each time: the next release has other assets.
    await this.send(PAGE, 'no-cache', request, response);
  }

  @Get(':file')
  async asset(
    @Param('file') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    this.requireAdminPort(request);
    if (name === PAGE) throw new NotFoundException();
    await this.send(name, `public, max-age=${YEAR_SECONDS}, immutable`, request, response);
  }

  private requireAdminPort(request: Request): void {
    if (!this.access.isAdmitted(request)) throw new NotFoundException();
  }

  private async send(
    name: string,
    cacheControl: string,
    request: Request,
    response: Response,
  ): Promise<void> {
    const file = await this.files.get(name);
    if (!file) throw new NotFoundException();
    response.setHeader('ETag', file.etag);
    response.setHeader('Cache-Control', cacheControl);
    response.vary('Accept-Encoding');
    if (request.fresh) {
      response.status(304).end();
      return;
    }
    const isZipped = request.acceptsEncodings('gzip', 'identity') === 'gzip';
    const body = isZipped ? file.zipped : file.plain;
    response.setHeader('Content-Type', file.type);
    response.setHeader('Content-Length', body.length);
    if (isZipped) response.setHeader('Content-Encoding', 'gzip');
    response.end(body);
  }
}
