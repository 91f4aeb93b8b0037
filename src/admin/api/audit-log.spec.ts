import type { Request } from 'express';
import type { OperatorLog } from '../../logging/operator-log.js';
import { AuditLog } from './audit-log.js';

function record(operator?: string | string[]): object {
  const lines: object[] = [];
  const log = { warn: (fields: object, event: string) => lines.push({ ...fields, event }) };
  const headers = { 'x-operator': operator };
  const request = { headers, socket: { remoteAddress: '10.0.0.7' } } as unknown as Request;
  new AuditLog(log as unknown as OperatorLog).record(
    request,
    'disconnect_clients',
    { user: '42' },
    { clients: 2 },
  );
  return lines[0]!;
}

it('says who did what to whom, and what came of it', () => {
  expect(record('Eva')).toEqual({
    event: 'admin_action',
    action: 'disconnect_clients',
    operator: 'Eva',
    address: '10.0.0.7',
    user: '42',
    clients: 2,
  });
});

it.each([
  ['is missing', undefined],
  ['is empty', ''],
  ['is too long', 'x'.repeat(65)],
  ['has a line break', 'Eva\nadmin_action'],
  ['has control characters', 'Eva\u001b[2J'],
  ['is a list', ['Eva', 'Ben']],
])('names no operator if the header %s', (_, operator) => {
  expect(record(operator)).toMatchObject({ operator: null });
});
