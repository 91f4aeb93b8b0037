import { RecordedSpans } from '../../test/support/recorded-spans.js';
import { failCurrentSpan, inSpan } from './in-span.js';
import { registeredTracer } from './tracer.js';

const spans = new RecordedSpans();

it('finds the tracer only once an SDK is registered', async () => {
  expect(registeredTracer()).toBeUndefined();
  expect(await inSpan('work', () => Promise.resolve(1))).toBe(1);
  failCurrentSpan('CODE');
  spans.register();
  await registeredTracer()!.startActiveSpan('outer', async (span) => {
    await inSpan('inner', () => Promise.resolve(), registeredTracer());
    span.end();
  });
  expect(spans.names).toEqual(['inner', 'outer']);
});

describe('with an SDK', () => {
  beforeEach(() => spans.clear());

  it('makes no span outside of a span', async () => {
    expect(await inSpan('alone', () => Promise.resolve(2), spans.tracer)).toBe(2);
    failCurrentSpan('CODE', spans.tracer);
    expect(spans.names).toEqual([]);
  });

  it('makes a child of the current span, also after a pause', async () => {
    await spans.tracer.startActiveSpan('outer', async (span) => {
      await new Promise(setImmediate);
      const result = await inSpan(
        'inner',
        () => new Promise<number>((done) => setImmediate(done, 3)),
        spans.tracer,
      );
      expect(result).toBe(3);
      span.end();
    });
    expect(spans.parentOf('inner')).toBe('outer');
    expect(spans.errorOf('inner')).toBeUndefined();
  });

  it.each([
    [new TypeError('text of a client'), 'TypeError'],
    [Object.assign(new Error('text of a client'), { code: 'FORBIDDEN' }), 'FORBIDDEN'],
    ['text of a client', 'Error'],
  ])('marks a failed span with a code and not with a text: %s', async (error, type) => {
    await spans.tracer.startActiveSpan('outer', async (span) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      await expect(inSpan('inner', () => Promise.reject(error), spans.tracer)).rejects.toBe(error);
      span.end();
    });
    expect(spans.errorOf('inner')).toBe(type);
    expect(spans.named('inner').status).toEqual({ code: 2, message: type });
    expect(JSON.stringify([spans.named('inner').attributes, spans.named('inner').events])).not.toContain(
      'text',
    );
  });

  it('marks the current span as failed', () => {
    spans.tracer.startActiveSpan('outer', (span) => {
      failCurrentSpan('SLOW_CLIENT', spans.tracer);
      span.end();
    });
    expect(spans.errorOf('outer')).toBe('SLOW_CLIENT');
  });
});
