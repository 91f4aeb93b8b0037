import 'reflect-metadata';
import { AuditLog } from '../../../src/admin/api/audit-log.js';
import { Diagnostics } from '../../../src/admin/api/diagnostics.js';
import { StatsWatch } from '../../../src/admin/stats/stats-watch.js';
import { CLOCK } from '../../../src/common/clock.js';
import { RateLimitedLog } from '../../../src/logging/rate-limited-log.js';
import { AdminAccess } from '../../../src/operations/admin-access.js';
import { ReplicaCalls } from '../../../src/replicas/replica-calls.js';
import { REPLICA_NAME } from '../../../src/replicas/replica-name.js';
import { Roster } from '../../../src/replicas/roster.js';
import { openApiDocument } from '../document.js';
import { ADMIN_CONTROLLERS, describeAdminOperations } from './operations.js';
import { type AdminOperation, INTRODUCTION, OPERATIONS, TAGS } from './prose.js';

export const ADMIN_YAML_FILE = 'docs/admin-openapi.yaml';
export const ADMIN_JSON_FILE = 'docs/admin-openapi.json';

const INJECTED = [
  AdminAccess,
  AuditLog,
  CLOCK,
  Diagnostics,
  RateLimitedLog,
  REPLICA_NAME,
  ReplicaCalls,
  Roster,
  StatsWatch,
];

/**
 * The OpenAPI document of the admin API in each of its forms: the text of each file by its path.
 * @param root the project's folder
 */
export function generateAdmin(root: string): Promise<ReadonlyMap<string, string>> {
  describeAdminOperations();
  return openApiDocument(root, {
    controllers: ADMIN_CONTROLLERS,
    injected: INJECTED,
    title: 'DeltaStream Socket Gateway: admin API',
    introduction: INTRODUCTION,
    server: 'The admin port of any replica.',
    describe: (builder) => {
      builder.addBearerAuth(
        { type: 'http', scheme: 'bearer', description: 'The value of `ADMIN_TOKEN`.' },
        'token',
      );
      for (const [tag, description] of Object.entries(TAGS)) builder.addTag(tag, description);
    },
    types: { file: 'src/admin/api/admin-answers.ts', names: [...answerTypes(), 'AdminErrorBody'] },
    files: { json: ADMIN_JSON_FILE, yaml: ADMIN_YAML_FILE },
  });
}

function answerTypes(): string[] {
  const controllers: Readonly<Record<string, Readonly<Record<string, AdminOperation>>>> = OPERATIONS;
  const operations = Object.values(controllers).flatMap((handlers) => Object.values(handlers));
  return [...new Set(operations.flatMap(({ answer }) => (typeof answer === 'string' ? [answer] : [])))];
}
