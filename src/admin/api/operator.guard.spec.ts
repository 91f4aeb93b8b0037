import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { type ExecutionContext, NotFoundException, UnauthorizedException } from '@nestjs/common';
import { RateLimitedLog } from '../../logging/rate-limited-log.js';
import { AdminAccess } from '../../operations/admin-access.js';
import { OperatorGuard } from './operator.guard.js';

const TOKEN = 'a-token-of-32-letters-and-digits';

function ask(access: AdminAccess, token: string | undefined, isAdmitted = true): boolean {
  const request = new IncomingMessage(new Socket());
  if (token !== undefined) request.headers.authorization = `Bearer ${token}`;
  if (isAdmitted) access.admit(request);
  const http = { getRequest: () => request, getResponse: () => ({ setHeader: () => undefined }) };
  const log = new RateLimitedLog({ warn: () => undefined }, () => 0);
  return new OperatorGuard(access, log).canActivate({
    switchToHttp: () => http,
  } as unknown as ExecutionContext);
}

it('admits a request that brings the token on the admin port, and no other', () => {
  const access = new AdminAccess(true, TOKEN);
  expect(ask(access, TOKEN)).toBe(true);
  expect(() => ask(access, undefined)).toThrow(UnauthorizedException);
  expect(() => ask(access, `${TOKEN}x`)).toThrow(UnauthorizedException);
  expect(() => ask(access, TOKEN, false)).toThrow(NotFoundException);
});

it('is closed to everyone once the token was removed, and open again with another one', () => {
  const access = new AdminAccess(true, TOKEN);
  access.requireToken(undefined);
  for (const token of [TOKEN, undefined]) expect(() => ask(access, token)).toThrow(UnauthorizedException);
  access.requireToken('another-token-of-32-characters-x');
  expect(() => ask(access, TOKEN)).toThrow(UnauthorizedException);
  expect(ask(access, 'another-token-of-32-characters-x')).toBe(true);
});

it('tells of a new token, so that what goes on with the old one ends, but not of the same one', () => {
  const access = new AdminAccess(true, TOKEN);
  const { generation } = access;
  access.requireToken(TOKEN);
  expect(access.generation).toBe(generation);
  access.requireToken('another-token-of-32-characters-x');
  expect(access.generation).toBe(generation + 1);
  access.requireToken(undefined);
  expect(access.generation).toBe(generation + 2);
});
