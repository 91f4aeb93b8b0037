import 'reflect-metadata';
import { getLoggerToken } from 'nestjs-pino';
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
import { openApiDocument } from './document.js';
import { CONTROLLERS, describeOperations } from './operations.js';
import { INTRODUCTION, OPERATIONS } from './prose.js';

export const YAML_FILE = 'docs/openapi.yaml';
export const JSON_FILE = 'docs/openapi.json';

/** The path of the controller that refuses every request without a route. It is no part of the API. */
const REFUSES = /^\/v1(?:\/\{path\}|\/\*path|\/)?$/;

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

/**
 * The OpenAPI document of the HTTP API in each of its forms: the text of each file by its path.
 * @param root the project's folder
 */
export function generate(root: string): Promise<ReadonlyMap<string, string>> {
  describeOperations();
  return openApiDocument(root, {
    controllers: CONTROLLERS,
    injected: INJECTED,
    title: 'DeltaStream Socket Gateway: HTTP API',
    introduction: INTRODUCTION,
    server: 'The gateway that serves this document.',
    describe: (builder) =>
      builder
        .addTag('market data', 'The newest prices and option chains, and past ones.')
        .addBearerAuth(
          { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Needed as AUTH_MODE says.' },
          'token',
        ),
    types: {
      file: 'src/rest/rest-payloads.ts',
      names: [...new Set(Object.values(OPERATIONS).map(({ body }) => body)), 'HttpError'],
    },
    hasPath: (path) => !REFUSES.test(path),
    files: { json: JSON_FILE, yaml: YAML_FILE },
  });
}
