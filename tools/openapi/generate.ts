import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from 'nestjs-swagger';
import { getLoggerToken } from 'nestjs-pino';
import { stringify as toYaml } from 'yaml';
import { HandshakeGate } from '../../src/admission/handshake-gate.js';
import { AuthService } from '../../src/auth/auth.service.js';
import { CacheService } from '../../src/cache/cache.service.js';
import { CLOCK } from '../../src/common/clock.js';
import { GatewayConfig } from '../../src/config/gateway-config.js';
import { ProductLists } from '../../src/gateway/product-lists.js';
import { RequestCost } from '../../src/gateway/request-cost.js';
import { HistoryPages } from '../../src/history/history-pages.js';
import { ClientAddresses } from '../../src/http/client-address.js';
import { LatestUpdates } from '../../src/rest/latest-updates.js';
import { RestExceptionFilter } from '../../src/rest/rest-exception.filter.js';
import { RestMetrics } from '../../src/rest/rest.metrics.js';
import { RestResponder } from '../../src/rest/rest-responder.js';
import { Statuses } from '../../src/rest/statuses.js';
import { schemasOf } from '../asyncapi/schemas.js';
import { CONTROLLERS, describeOperations } from './operations.js';
import { INTRODUCTION, OPERATIONS } from './prose.js';

export const YAML_FILE = 'docs/openapi.yaml';
export const JSON_FILE = 'docs/openapi.json';

/** The path of the controller that refuses every request without a route. It is no part of the API. */
const REFUSES = /^\/v1(?:\/\{path\}|\/\*path|\/)?$/;

/**
 * What the controllers, and their guard, filter and pipes inject. The document does not depend on
 * it, so it is empty. Nest names what is missing here.
 */
const INJECTED = [
  AuthService,
  CacheService,
  ClientAddresses,
  CLOCK,
  GatewayConfig,
  HandshakeGate,
  HistoryPages,
  LatestUpdates,
  getLoggerToken(RestExceptionFilter.name),
  ProductLists,
  RequestCost,
  RestMetrics,
  RestResponder,
  Statuses,
];

@Module({
  controllers: CONTROLLERS,
  providers: INJECTED.map((provide) => ({ provide, useValue: {} })),
})
class DescribedModule {}

/**
 * The OpenAPI document of the HTTP API in each of its forms: the text of each file by its path.
 * @param root the project's folder
 */
export async function generate(root: string): Promise<ReadonlyMap<string, string>> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  describeOperations();
  const app = await NestFactory.create(DescribedModule, { logger: false, abortOnError: false });
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('DeltaStream Socket Gateway: HTTP API')
    .setDescription(INTRODUCTION)
    .setVersion(version)
    .addServer('/', 'The gateway that serves this document.')
    .addTag('market data', 'The newest prices and option chains, and past ones.')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Needed as AUTH_MODE says.' },
      'token',
    );
  const document = SwaggerModule.createDocument(app, builder.build());
  const types = [...new Set(Object.values(OPERATIONS).map(({ body }) => body)), 'HttpError'];
  const schemas = schemasOf(join(root, 'src/rest/rest-payloads.ts'), join(root, 'tsconfig.json'), types);
  const paths = Object.entries(document.paths).filter(([path]) => !REFUSES.test(path));
  const whole = {
    ...document,
    paths: Object.fromEntries(paths),
    components: { ...document.components, schemas },
  };
  const json = `${JSON.stringify(whole, null, 2)}\n`;
  return new Map([
    [JSON_FILE, json],
    [YAML_FILE, toYaml(JSON.parse(json), { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })],
  ]);
}
