import { join } from 'node:path';
import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { IMMUTABLE } from '../../http/static-file.js';
import { StaticFolder } from '../../http/static-folder.js';
import { AdminAccess } from '../../operations/admin-access.js';

/** Where the build puts the page (scripts/bundle-ops.mjs). */
const FOLDER = join(__dirname, '../../../ops');

/** The name of the page itself. The names of all other files have the hash of their content. */
const PAGE = 'index.html';

/**
 * Serves the page for operators, on the admin port only. The page needs no token, because it has no
 * data: it asks for the token, and sends it to the admin API.
 */
@Controller('ops')
export class OpsPageController {
  private readonly files = new StaticFolder(FOLDER);

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
    await this.files.send(PAGE, 'no-cache', request, response);
  }

  @Get(':file')
  async asset(
    @Param('file') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    this.requireAdminPort(request);
    if (name === PAGE) throw new NotFoundException();
    await this.files.send(name, IMMUTABLE, request, response);
  }

  private requireAdminPort(request: Request): void {
    if (!this.access.isAdmitted(request)) throw new NotFoundException();
  }
}
