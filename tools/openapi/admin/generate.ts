import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from 'nestjs-swagger';
import { stringify as toYaml } from 'yaml';
import { AuditLog } from '../../../src/admin/api/audit-log.js';
import { Diagnostics } from '../../../src/admin/api/diagnostics.js';
import { StatsWatch } from '../../../src/admin/stats/stats-watch.js';
import { CLOCK } from '../../../src/common/clock.js';
import { RateLimitedLog } from '../../../src/logging/rate-limited-log.js';
import { AdminAccess } from '../../../src/operations/admin-access.js';
import { ReplicaCalls } from '../../../src/replicas/replica-calls.js';
import { REPLICA_NAME } from '../../../src/replicas/replica-name.js';
import { Roster } from '../../../src/replicas/roster.js';
import { schemasOf } from '../../asyncapi/schemas.js';
import { ADMIN_CONTROLLERS, describeAdminOperations } from './operations.js';
import { type AdminOperation, INTRODUCTION, OPERATIONS, TAGS } from './prose.js';

export const ADMIN_YAML_FILE = 'docs/admin-openapi.yaml';
export const ADMIN_JSON_FILE = 'docs/admin-openapi.json';

/** What the controllers and their guard inject. The document does not depend on it. */
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

@Module({
  controllers: ADMIN_CONTROLLERS,
  providers: INJECTED.map((provide) => ({ provide, useValue: {} })),
})
class DescribedModule {}

/**
 * The OpenAPI document of the admin API in each of its forms: the text of each file by its path.
 * @param root the project's folder
 */
export async function generateAdmin(root: string): Promise<ReadonlyMap<string, string>> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  describeAdminOperations();
  const app = await NestFactory.create(DescribedModule, { logger: false, abortOnError: false });
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('DeltaStream Socket Gateway: admin API')
    .setDescription(INTRODUCTION)
    .setVersion(version)
    .addServer('/', 'The admin port of any replica.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The value of `ADMIN_TOKEN`.' }, 'token');
  for (const [tag, description] of Object.entries(TAGS)) builder.addTag(tag, description);
  const document = SwaggerModule.createDocument(app, builder.build());
  const types = [...answerTypes(), 'AdminErrorBody'];
  const schemas = schemasOf(join(root, 'src/admin/api/admin-answers.ts'), join(root, 'tsconfig.json'), types);
  const json = `${JSON.stringify({ ...document, components: { ...document.components, schemas } }, null, 2)}\n`;
  return new Map([
    [ADMIN_JSON_FILE, json],
    [
      ADMIN_YAML_FILE,
      toYaml(JSON.parse(json), { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false }),
    ],
  ]);
}

function answerTypes(): string[] {
  const controllers: Readonly<Record<string, Readonly<Record<string, AdminOperation>>>> = OPERATIONS;
  const operations = Object.values(controllers).flatMap((handlers) => Object.values(handlers));
  return [...new Set(operations.flatMap(({ answer }) => (typeof answer === 'string' ? [answer] : [])))];
}
