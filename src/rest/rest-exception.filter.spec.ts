import type { ArgumentsHost } from '@nestjs/common';
import { lookUpFailed } from './rest-error.js';
import { RestExceptionFilter } from './rest-exception.filter.js';

/** Handles an error of a request whose client is still there, or has gone. */
function handle(destroyed: boolean) {
  const count = jest.fn();
  const end = jest.fn();
  const headers = { setHeader: jest.fn(), removeHeader: jest.fn() };
  const response = { ...headers, destroyed, headersSent: false, status: () => ({ end }) };
  const http = { getResponse: () => response, getRequest: () => ({}) };
  const host = { switchToHttp: () => http } as unknown as ArgumentsHost;
  const filter = new RestExceptionFilter({ count } as never, {} as never);
  filter.catch(lookUpFailed([{ type: 'product', symbol: 'NIFTY' }]), host);
  return { count, end };
}

it('counts a failure with its status, and sends it', () => {
  const { count, end } = handle(false);
  expect(count).toHaveBeenCalledWith({}, 503);
  expect(end).toHaveBeenCalledTimes(1);
});

it('does not count the failure of a look-up that was given up because its client has gone', () => {
  const { count, end } = handle(true);
  expect(count).not.toHaveBeenCalled();
  expect(end).not.toHaveBeenCalled();
});
