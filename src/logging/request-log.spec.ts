import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { pino } from 'pino';
import { requestLog } from './logging.module.js';

describe('requestLog', () => {
  const { customSuccessObject, customErrorObject } = requestLog(pino({ level: 'silent' }));

  it.each([
    [{ path: '/docs/:page' }, '/docs/:page'],
    [{ path: '{/*splat}' }, undefined], // Nest's middleware, which every request passes
    [undefined, undefined],
  ])('logs a request that was served by route %j with route %s', (route, named) => {
    const request = Object.assign(new IncomingMessage(new Socket()), { url: '/docs/secret', route });
    const response = new ServerResponse(request);
    expect(customSuccessObject?.(request, response, { res: 1 })).toEqual({ res: 1, route: named });
    expect(customErrorObject?.(request, response, new Error(), { res: 1 })).toEqual({ res: 1, route: named });
  });
});
