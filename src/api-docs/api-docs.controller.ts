import { Controller, Get, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { DOCS_POLICY } from '../http/security-headers.js';
import { REVALIDATED, sendStaticFile } from '../http/static-file.js';
import { isPageAsset, type ApiDocsFileName, ApiDocsFiles } from './api-docs-files.js';

/**
 * Serves the contract to programs and people. It needs no token: the contract is the same for every
 * client and not secret.
 */
@Controller()
export class ApiDocsController {
  private readonly files = new ApiDocsFiles();

  @Get('asyncapi.json')
  json(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.send('asyncapi.json', request, response);
  }

  @Get('asyncapi.yaml')
  yaml(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.send('asyncapi.yaml', request, response);
  }

  @Get('openapi.json')
  openApiJson(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.send('openapi.json', request, response);
  }

  @Get('openapi.yaml')
  openApiYaml(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.send('openapi.yaml', request, response);
  }

  @Get('docs')
  async page(@Req() request: Request, @Res() response: Response): Promise<void> {
    // The links of the page are relative, so that it works below any path of a proxy.
    if (request.path.endsWith('/')) {
      response.redirect(308, '../docs');
      return;
    }
    response.setHeader('Content-Security-Policy', DOCS_POLICY);
    await this.send('page', request, response);
  }

  @Get('docs/:file')
  asset(@Param('file') file: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    if (!isPageAsset(file)) throw new NotFoundException();
    return this.send(file, request, response);
  }

  private async send(name: ApiDocsFileName, request: Request, response: Response): Promise<void> {
    sendStaticFile(await this.files.get(name), REVALIDATED, request, response);
  }
}
