import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InjectionToken, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from 'nestjs-swagger';
import { stringify as toYaml } from 'yaml';
import { schemasOf } from '../asyncapi/schemas.js';

/** One API of the gateway, whose controllers have been described with decorators. */
export interface DescribedApi {
  readonly controllers: Type[];
  /**
   * What the controllers, and their guards, filters and pipes inject. The document does not depend
   * on it, so it is empty. Nest names what is missing here.
   */
  readonly injected: readonly InjectionToken[];
  readonly title: string;
  readonly introduction: string;
  /** What the server of the document is. */
  readonly server: string;
  /** Adds tags and the authentication. */
  readonly describe: (builder: DocumentBuilder) => void;
  /** The file with the types of the bodies of answers, and the names of these types. */
  readonly types: { readonly file: string; readonly names: readonly string[] };
  /** Whether a path is a part of the API. All are, unless this is given. */
  readonly hasPath?: (path: string) => boolean;
  /** Where the document is written, below the project's folder. */
  readonly files: { readonly json: string; readonly yaml: string };
}

/**
 * The OpenAPI document of an API in each of its forms: the text of each file by its path.
 * @param root the project's folder
 */
export async function openApiDocument(root: string, api: DescribedApi): Promise<ReadonlyMap<string, string>> {
  @Module({
    controllers: api.controllers,
    providers: api.injected.map((provide) => ({ provide, useValue: {} })),
  })
  class DescribedModule {}

  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const app = await NestFactory.create(DescribedModule, { logger: false, abortOnError: false });
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(api.title)
    .setDescription(api.introduction)
    .setVersion(version)
    .addServer('/', api.server);
  api.describe(builder);
  const document = SwaggerModule.createDocument(app, builder.build());
  const paths = Object.entries(document.paths).filter(([path]) => api.hasPath?.(path) ?? true);
  const schemas = schemasOf(join(root, api.types.file), join(root, 'tsconfig.json'), [...api.types.names]);
  const whole = {
    ...document,
    paths: Object.fromEntries(paths),
    components: { ...document.components, schemas },
  };
  const json = `${JSON.stringify(whole, null, 2)}\n`;
  const yaml = toYaml(JSON.parse(json), { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
  return new Map([
    [api.files.json, json],
    [api.files.yaml, yaml],
  ]);
}
