import { ProxyTracerProvider, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';

/** The name of the instrumentation scope of all spans of the gateway. */
const SCOPE = 'deltastream-socket-gateway';

/**
 * The tracer of the OpenTelemetry SDK that was registered before this module was loaded, which is
 * what `node --import` does; undefined if there is none. It is looked up once, so that without an
 * SDK a request costs one comparison and a message costs nothing.
 *
 * Without an SDK, the API has a proxy that no provider has been given to.
 */
export const tracer: Tracer | undefined = registeredTracer();

export function registeredTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  const isMissing =
    provider instanceof ProxyTracerProvider && provider.getDelegateTracer(SCOPE) === undefined;
  return isMissing ? undefined : provider.getTracer(SCOPE);
}

/** Marks a span as failed. `type` is a code, never a text that could contain what a client sent. */
export function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
}

/** The code of an error for {@link fail}: its own, or the name of its class. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
