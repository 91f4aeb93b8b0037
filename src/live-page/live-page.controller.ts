import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ConfigError } from '../config/gateway-config.js';
import { IMMUTABLE, REVALIDATED } from '../http/static-file.js';
import { StaticFolder } from '../http/static-folder.js';
import { AdminAccess } from '../operations/admin-access.js';

/** Where `npm run build` puts the page (web/vite.config.mjs). */
const FOLDER = join(__dirname, '../../web');
/** The folder of the files whose names contain a hash of their content. */
const ASSETS = 'assets';

/**
 * Serves the live page at `/`. It needs no token, because it contains no data: the page connects
 * like any other client, and asks for a token if the gateway does. It is not on the admin port.
 */
@Controller()
export class LivePageController {
  private readonly files = new StaticFolder(FOLDER);

  /** @throws ConfigError if the page has not been built */
  constructor(private readonly access: AdminAccess) {
    if (existsSync(join(FOLDER, ASSETS))) return;
    throw new ConfigError(
      'LIVE_PAGE is "on", but this installation has no page. Run "npm run build", or set LIVE_PAGE=off.',
    );
  }

  /** Without revalidation, a browser could show the page of an older release, whose assets are gone. */
  @Get()
  page(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.send('index.html', REVALIDATED, request, response);
  }

  @Get('icon.svg')
  icon(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.send('icon.svg', REVALIDATED, request, response);
  }

  @Get('assets/:file')
  asset(@Param('file') file: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.send(`${ASSETS}/${file}`, IMMUTABLE, request, response);
  }

  private async send(
    name: string,
    cacheControl: string,
    request: Request,
    response: Response,
  ): Promise<void> {
    if (this.access.isAdmitted(request)) throw new NotFoundException();
    await this.files.send(name, cacheControl, request, response);
  }
}
