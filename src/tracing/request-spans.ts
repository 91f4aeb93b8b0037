import {
  type Attributes,
  context,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { handshakeSpans } from './handshake-spans.js';
import { errorType, fail, tracer } from './tracer.js';

/**
 * The spans of clients' requests, which are named like their events. Each begins when its request
 * arrives, has the event `running` when its turn has come, and ends when its handler has ended. It
 * is the root of a trace, and links to the span with which its client connected: a connection lasts
 * hours, and the trace of its handshake must not grow with every request. The span of a request
 * whose client disconnects before its turn is never ended, and so not exported.
 */
export class RequestSpans<Client extends { readonly id: string }> {
  constructor(
    private readonly on: Tracer,
    private readonly linksOf: (client: Client) => Link[],
  ) {}

  /**
   * Begins the span of a request that has arrived.
   * @param event a known event of the contract
   * @returns runs the request in its span
   */
  begin(client: Client, event: string, attributes: Attributes): <T>(work: () => Promise<T>) => Promise<T> {
    const options = {
      kind: SpanKind.SERVER,
      links: this.linksOf(client),
      attributes: {
        'messaging.operation.type': 'process',
        'messaging.operation.name': event,
        'messaging.client.id': client.id,
        ...attributes,
      },
    };
    // Not in the current context: it is that of whatever made the connection.
    const span = this.on.startSpan(event, options, ROOT_CONTEXT);
    return async (work) => {
      span.addEvent('running');
      try {
        return await context.with(trace.setSpan(ROOT_CONTEXT, span), work);
      } catch (error) {
        fail(span, errorType(error));
        throw error;
      } finally {
        span.end();
      }
    };
  }
}

/** Undefined without an SDK. */
export const requestSpans =
  tracer &&
  new RequestSpans<{ readonly id: string }>(tracer, (client) => {
    const connected = handshakeSpans?.of(client);
    return connected ? [{ context: connected }] : [];
  });
