import {
  ApiBearerAuth,
  ApiBody,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from 'nestjs-swagger';
import { AdminDocsController } from '../../../src/admin/api/admin-docs.controller.js';
import { REPLICA_PATTERN } from '../../../src/replicas/replica-name.js';
import { ClientsController } from '../../../src/admin/api/clients.controller.js';
import { DiagnosticsController } from '../../../src/admin/api/diagnostics.controller.js';
import { LoggingController } from '../../../src/admin/api/logging.controller.js';
import { ReplicasController } from '../../../src/admin/api/replicas.controller.js';
import { StatsController } from '../../../src/admin/api/stats.controller.js';
import { bodySchema } from './inputs.js';
import { type AdminOperation, OPERATIONS, STATUSES } from './prose.js';

/** The controllers of the admin API. */
export const ADMIN_CONTROLLERS = [
  ClientsController,
  ReplicasController,
  LoggingController,
  DiagnosticsController,
  StatsController,
  AdminDocsController,
];

const PARAMS: Readonly<Record<string, readonly MethodDecorator[]>> = {
  drain: [replicaParam()],
  rebalance: [replicaParam()],
  stopTrace: [ApiParam({ name: 'trace_id', schema: { type: 'string', format: 'uuid' } })],
};

const X_OPERATOR = ApiHeader({
  name: 'X-Operator',
  description: 'Who acts, for the audit log. Another value is ignored.',
  required: false,
  schema: { type: 'string', pattern: '^[ -~]{1,64}$' },
});

function replicaParam(): MethodDecorator {
  return ApiParam({ name: 'replica', schema: { type: 'string', pattern: REPLICA_PATTERN.source } });
}

/** Describes the handlers from outside: the gateway itself does not load @nestjs/swagger. */
export function describeAdminOperations(): void {
  const texts: Readonly<Record<string, Readonly<Record<string, AdminOperation>>>> = OPERATIONS;
  for (const { name, prototype } of ADMIN_CONTROLLERS)
    for (const [handler, operation] of Object.entries(texts[name]!)) describe(prototype, handler, operation);
}

function describe(prototype: object, handler: string, operation: AdminOperation): void {
  const { id, tag, summary, description, query = {}, body, status, answer, errors } = operation;
  const decorators: MethodDecorator[] = [
    ApiTags(tag),
    ApiBearerAuth('token'),
    ApiOperation({ operationId: id, summary, description }),
    ...(status !== 200 || body || tag === 'diagnostics' || id.startsWith('reset') || id.startsWith('stop')
      ? [X_OPERATOR]
      : []),
    ...(PARAMS[handler] ?? []),
    ...Object.entries(query).map(([name, { schema }]) => {
      const { description: about, ...rest } = schema;
      return ApiQuery({
        name,
        required: false,
        ...(typeof about === 'string' && { description: about }),
        schema: rest,
      });
    }),
    ...(body ? [ApiBody({ required: true, schema: bodySchema(body) as object })] : []),
    ApiResponse({ status, description: 'Done, as far as the answer says.', ...contentOf(answer) }),
    ...[...errors]
      .sort((a, b) => a - b)
      .map((error) =>
        ApiResponse({ status: error, description: STATUSES[error], ...contentOf('AdminErrorBody') }),
      ),
  ];
  const descriptor = Object.getOwnPropertyDescriptor(prototype, handler)!;
  for (const decorate of decorators) decorate(prototype, handler, descriptor);
}

function contentOf(answer: AdminOperation['answer']) {
  if (typeof answer === 'string')
    return { content: { 'application/json': { schema: { $ref: `#/components/schemas/${answer}` } } } };
  const { type, description } = answer;
  const schema = type === 'application/json' ? { type: 'object' } : { type: 'string' };
  return { content: { [type]: { schema: { ...schema, description } } } };
}
