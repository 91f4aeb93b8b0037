import type { IncomingHttpHeaders } from 'node:http';
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { errorType, fail, tracer } from './tracer.js';

/** The request with which a client begins to connect. */
interface HandshakeRequest {
  readonly headers: IncomingHttpHeaders;
}

/** One attempt to connect. */
interface Handshake {
  readonly span: Span;
  /** The context whose span is `span`. */
  readonly context: Context;
  /** The span of the admission, and its context, until it is decided. */
  admission: Span | undefined;
  readonly admissionContext: Context;
  /** The last reason for which the client was refused. */
  refusal: string | undefined;
}

/**
 * The spans of clients that connect: `handshake` from the first request until the client has
 * entered the namespace, and in it `admission`, `authenticate` and `connect`. A client that is
 * refused, or that gives up, ends its span with an error.
 */
export class HandshakeSpans<Request extends HandshakeRequest, Client extends object> {
  private readonly handshakes = new WeakMap<Request, Handshake>();
  private readonly entered = new WeakMap<Client, SpanContext>();

  constructor(private readonly on: Tracer) {}

  /**
   * Begins the spans of a handshake and of its admission. The parent is the current span, which an
   * instrumentation of HTTP may have begun, or else the one that the headers name.
   */
  begin(request: Request, attributes: Attributes): void {
    const current = context.active();
    const parent = trace.getSpan(current) ? current : propagation.extract(ROOT_CONTEXT, request.headers);
    const span = this.on.startSpan('handshake', { kind: SpanKind.SERVER, attributes }, parent);
    const own = trace.setSpan(ROOT_CONTEXT, span);
    const admission = this.on.startSpan('admission', {}, own);
    const admissionContext = trace.setSpan(own, admission);
    this.handshakes.set(request, { span, context: own, admission, admissionContext, refusal: undefined });
  }

  /** Runs `work` as a part of the admission. */
  inAdmission<T>(request: Request, work: () => T): T {
    const handshake = this.handshakes.get(request);
    return handshake ? context.with(handshake.admissionContext, work) : work();
  }

  /**
   * The client is admitted: runs what follows. It runs outside of every span, because the connection
   * keeps the context in which it is made for as long as it lives.
   */
  admitted(request: Request, next: () => void): void {
    const handshake = this.handshakes.get(request);
    handshake?.admission?.end();
    if (handshake) handshake.admission = undefined;
    context.with(ROOT_CONTEXT, next);
  }

  /** Runs a later part of the handshake in a span of its own. Its failure is not yet that of the handshake. */
  async during<T>(request: Request | undefined, name: string, work: () => Promise<T>): Promise<T> {
    const handshake = request && this.handshakes.get(request);
    if (!handshake) return work();
    const span = this.on.startSpan(name, {}, handshake.context);
    try {
      return await context.with(trace.setSpan(handshake.context, span), work);
    } catch (error) {
      handshake.refusal = errorType(error);
      fail(span, handshake.refusal);
      throw error;
    } finally {
      span.end();
    }
  }

  /** The client enters the namespace: runs `connect`, and ends the handshake. */
  enter(request: Request | undefined, client: Client, connect: () => Attributes): void {
    const handshake = request && this.handshakes.get(request);
    if (!handshake) {
      connect();
      return;
    }
    const span = this.on.startSpan('connect', {}, handshake.context);
    try {
      handshake.span.setAttributes(context.with(trace.setSpan(handshake.context, span), connect));
      this.entered.set(client, handshake.span.spanContext());
    } finally {
      span.end();
      handshake.span.end();
      this.handshakes.delete(request);
    }
  }

  /** The client was refused, or is gone. Does nothing if the handshake is over already. */
  failed(request: Request | undefined, reason: string): void {
    const handshake = request && this.handshakes.get(request);
    if (!handshake) return;
    this.handshakes.delete(request);
    const type = handshake.refusal ?? reason;
    if (handshake.admission) {
      fail(handshake.admission, type);
      handshake.admission.end();
    }
    fail(handshake.span, type);
    handshake.span.end();
  }

  /** The span with which a client connected; undefined if it has none. */
  of(client: Client): SpanContext | undefined {
    return this.entered.get(client);
  }
}

/** Undefined without an SDK. */
export const handshakeSpans = tracer && new HandshakeSpans<HandshakeRequest, object>(tracer);
