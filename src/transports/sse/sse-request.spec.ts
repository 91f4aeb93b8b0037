import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { isEventStream, isSse, markSse, readSseRequest } from './sse-request.js';

const LIMITS = { maxSubscriptions: 10, maxSymbolsPerRequest: 3, eventBurst: 4 };

function request(url: string, headers: IncomingMessage['headers'] = {}, method = 'GET'): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { url, headers, method });
}

const read = (query: string, headers?: IncomingMessage['headers']) =>
  readSseRequest(request(`/sse?${query}`, headers), LIMITS);

it.each([
  ['GET', '/sse', true],
  ['GET', '/sse?rooms=general', true],
  ['GET', '/sse/?rooms=general', true],
  ['POST', '/sse', false],
  ['HEAD', '/sse', false],
  ['GET', '/sse/more', false],
  ['GET', '/sses', false],
  ['GET', '/SSE', false],
  ['GET', '/', false],
])('%s %s is a request for an event stream: %s', (method, url, is) => {
  expect(isEventStream(request(url, {}, method))).toBe(is);
});

it('only a request that was marked counts as one in engine.io', () => {
  const [marked, forged] = [request('/sse'), request('/sse')];
  markSse(marked);
  Object.assign(forged, { _query: { EIO: '4', transport: 'sse' } });
  expect([isSse(marked), isSse(forged)]).toEqual([true, false]);
});

it('reads the rooms, the options and where to resume', () => {
  const resumed = { type: 'product', symbols: ['M&M'], since: '2026-11-29T01:47:26.725639Z' };
  expect(read('rooms=product:M%26M&statuses=batch&token=x', { 'last-event-id': '1795916846725639' })).toEqual(
    {
      auth: { general: 'off', statuses: 'batch' },
      subscriptions: [resumed],
      readsGzip: false,
    },
  );
  expect(read('rooms=product:M%26M&lastEventId=1795916846725639&statuses=x')).toMatchObject({
    auth: { general: 'off' },
    subscriptions: [resumed],
  });
  expect(read('rooms=general&rooms=heartbeat')).toMatchObject({
    subscriptions: [{ type: 'heartbeat' }, { type: 'general' }],
  });
});

it.each<[string | undefined, boolean]>([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['br,gzip ; q=1', true],
  ['gzip;q=0', false],
  ['gzip; q=0.00, br', false],
  ['x-gzip', false],
  ['*', false],
])('a client that accepts %j reads gzip: %s', (accepts, is) => {
  expect(read('rooms=general', { 'accept-encoding': accepts })).toMatchObject({ readsGzip: is });
});

it('says what is wrong', () => {
  expect(read('')).toMatchObject({ field: 'rooms' });
  expect(read('rooms=x')).toMatchObject({ field: 'rooms' });
  expect(read('rooms=general', { 'content-length': '1' })).toMatchObject({ field: 'body' });
  expect(read('rooms=general', { 'transfer-encoding': 'chunked' })).toMatchObject({ field: 'body' });
  expect(read('rooms=general', { 'content-length': '0' })).not.toHaveProperty('problem');
});
