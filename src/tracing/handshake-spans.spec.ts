import { context, trace } from '@opentelemetry/api';
import { RecordedSpans } from '../../test/support/recorded-spans.js';
import { HandshakeSpans } from './handshake-spans.js';
import { inSpan } from './in-span.js';
import { RequestSpans } from './request-spans.js';

const spans = new RecordedSpans();
spans.register();

interface Request {
  readonly headers: Record<string, string>;
}

let handshakes: HandshakeSpans<Request, object>;
let request: Request;
const client = { id: 'client-1' };

beforeEach(() => {
  spans.clear();
  handshakes = new HandshakeSpans(spans.tracer);
  request = { headers: {} };
  handshakes.begin(request, { 'network.transport': 'tcp' });
});

const admit = () => new Promise<void>((next) => handshakes.admitted(request, next));

it('makes the parts of a handshake its children', async () => {
  await handshakes.inAdmission(request, () => inSpan('quota', () => Promise.resolve(), spans.tracer));
  await admit();
  await handshakes.during(request, 'authenticate', () =>
    inSpan('key', () => Promise.resolve(), spans.tracer),
  );
  handshakes.enter(request, client, () => ({ 'messaging.client.id': client.id }));
  expect(spans.names).toEqual(['quota', 'admission', 'key', 'authenticate', 'connect', 'handshake']);
  expect(['quota', 'key'].map((name) => spans.parentOf(name))).toEqual(['admission', 'authenticate']);
  for (const part of ['admission', 'authenticate', 'connect']) expect(spans.parentOf(part)).toBe('handshake');
  expect(spans.named('handshake').attributes).toEqual({
    'network.transport': 'tcp',
    'messaging.client.id': 'client-1',
  });
  expect(handshakes.of(client)).toEqual(spans.named('handshake').spanContext());
});

it('runs what follows the admission outside of every span, because the connection keeps its context', () => {
  let active: unknown = 'not called';
  const outer = spans.tracer.startSpan('outer');
  context.with(trace.setSpan(context.active(), outer), () =>
    handshakes.admitted(request, () => (active = trace.getActiveSpan())),
  );
  expect(active).toBeUndefined();
});

it('ends the spans of a client that is refused, once', () => {
  handshakes.failed(request, 'rate');
  handshakes.failed(request, 'closed');
  expect(spans.names).toEqual(['admission', 'handshake']);
  expect([spans.errorOf('admission'), spans.errorOf('handshake')]).toEqual(['rate', 'rate']);
});

it('says why a client was refused when its connection closes', async () => {
  await admit();
  const refusal = Object.assign(new Error('no'), { code: 'TOKEN_EXPIRED' });
  const asked = handshakes.during(request, 'authenticate', () => Promise.reject(refusal));
  await expect(asked).rejects.toBe(refusal);
  handshakes.failed(request, 'closed');
  expect([spans.errorOf('authenticate'), spans.errorOf('handshake')]).toEqual([
    'TOKEN_EXPIRED',
    'TOKEN_EXPIRED',
  ]);
});

it('ends the spans if the client cannot be connected', async () => {
  await admit();
  expect(() =>
    handshakes.enter(request, client, () => {
      throw new Error('it failed');
    }),
  ).toThrow('it failed');
  expect(spans.names).toEqual(['admission', 'connect', 'handshake']);
});

it('serves a client without a handshake that is traced', async () => {
  const other = { headers: {} };
  expect(handshakes.inAdmission(other, () => 1)).toBe(1);
  expect(await handshakes.during(undefined, 'authenticate', () => Promise.resolve(2))).toBe(2);
  let connected = 0;
  handshakes.enter(undefined, client, () => (connected++, {}));
  handshakes.failed(other, 'closed');
  expect(connected).toBe(1);
  expect(spans.names).toEqual([]);
});

it('makes requests the roots of their traces, linked to the handshake', async () => {
  await admit();
  handshakes.enter(request, client, () => ({}));
  const requests = new RequestSpans<typeof client>(spans.tracer, (of) => [{ context: handshakes.of(of)! }]);
  const outer = spans.tracer.startSpan('outer');
  const run = context.with(trace.setSpan(context.active(), outer), () =>
    requests.begin(client, 'subscribe', { 'network.transport': 'tcp' }),
  );
  expect(await run(() => inSpan('work', () => Promise.resolve(3), spans.tracer))).toBe(3);
  const span = spans.named('subscribe');
  expect(span.parentSpanContext).toBeUndefined();
  expect(span.links.map((link) => link.context)).toEqual([spans.named('handshake').spanContext()]);
  expect(span.events.map(({ name }) => name)).toEqual(['running']);
  expect(spans.parentOf('work')).toBe('subscribe');
  const failing = requests.begin(client, 'get_history', {});
  await expect(failing(() => Promise.reject(new RangeError('x')))).rejects.toThrow('x');
  expect(spans.errorOf('get_history')).toBe('RangeError');
});
