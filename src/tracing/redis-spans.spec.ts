import { tracingChannel } from 'node:diagnostics_channel';
import { RecordedSpans } from '../../test/support/recorded-spans.js';
import { traceRedisCommands } from './redis-spans.js';

const spans = new RecordedSpans();
spans.register();

const channel = tracingChannel<object, object>('ioredis:command');
const message = (command: string) => ({
  command,
  args: ['latest:portfolio:ann', 'secret'],
  database: 2,
  serverAddress: 'cache',
  serverPort: 6379 as number | undefined,
});
const send = (
  command: string,
  work: () => Promise<unknown> = () => Promise.resolve('OK'),
  more: object = {},
) => channel.tracePromise(work, { ...message(command), ...more });

let stop: () => void;

beforeEach(() => {
  spans.clear();
  stop = traceRedisCommands(spans.tracer);
});

afterEach(() => stop());

it('makes a span for a command in a span, without its arguments', async () => {
  await spans.tracer.startActiveSpan('request', async (request) => {
    await send('mget');
    await send('get', undefined, { serverAddress: '/run/redis.sock', serverPort: undefined });
    request.end();
  });
  expect(spans.names).toEqual(['MGET', 'GET', 'request']);
  expect(spans.parentOf('MGET')).toBe('request');
  expect(spans.named('MGET').attributes).toEqual({
    'db.system.name': 'redis',
    'db.operation.name': 'MGET',
    'db.namespace': '2',
    'server.address': 'cache',
    'server.port': 6379,
  });
  expect(spans.named('GET').attributes).not.toHaveProperty('server.port');
});

it('makes none outside of a span, or in one that has ended', async () => {
  await send('ping');
  await spans.tracer.startActiveSpan('request', async (request) => {
    request.end();
    await send('eval');
  });
  expect(spans.names).toEqual(['request']);
});

it.each([
  [new Error('WRONGTYPE Operation against ann'), 'WRONGTYPE', 'WRONGTYPE'],
  [new TypeError('Command timed out for ann'), 'TypeError', undefined],
  ['ann', 'Error', undefined],
])('marks a command that failed: %s', async (error, type, status) => {
  await spans.tracer.startActiveSpan('request', async (request) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    await expect(send('get', () => Promise.reject(error))).rejects.toBe(error);
    request.end();
  });
  expect(spans.errorOf('GET')).toBe(type);
  expect(spans.named('GET').attributes['db.response.status_code']).toBe(status);
  expect(JSON.stringify(spans.named('GET').status)).not.toContain('ann');
});

it('leaves the channel without a subscriber when it is stopped', () => {
  expect(channel.start.hasSubscribers).toBe(true);
  stop();
  expect(channel.start.hasSubscribers).toBe(false);
});
