import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { cleanUp } from './cleanup.js';
import { waitFor } from './wait.js';

type Value = string | number | boolean;

/** A span as the collector has received it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** 2: server, 3: client, 1: internal. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** Undefined unless the span failed. */
  readonly error: string | undefined;
  readonly scope: string;
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly boolValue?: boolean;
}

interface OtlpSpan extends Omit<CollectedSpan, 'attributes' | 'error' | 'links' | 'scope'> {
  readonly attributes?: readonly { readonly key: string; readonly value: OtlpValue }[];
  readonly links?: CollectedSpan['links'];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly scope: { readonly name: string }; readonly spans: OtlpSpan[] }[];
  }[];
}

/** Collects spans that an OpenTelemetry SDK sends as OTLP in JSON over HTTP. */
export class SpanCollector {
  readonly spans: CollectedSpan[] = [];
  /** The bodies as they arrived. */
  readonly bodies: string[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<SpanCollector> {
    const server = createServer();
    const collector = new SpanCollector(server);
    server.on('request', (request: IncomingMessage, response) => {
      void text(request).then((body) => {
        collector.take(body);
        response.setHeader('Content-Type', 'application/json').end('{}');
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    cleanUp(() => collector.stop());
    return collector;
  }

  /** The base of the URLs that exporters send to. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  named(name: string): CollectedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** Waits until there are `count` spans of a name that have the attributes, and returns the last of them. */
  async next(name: string, attributes: Record<string, Value> = {}, count = 1): Promise<CollectedSpan> {
    const matching = () =>
      this.named(name).filter((span) =>
        Object.entries(attributes).every(([key, value]) => span.attributes[key] === value),
      );
    await waitFor(
      () => matching().length >= count,
      () => `${count} x ${name} expected, received ${this.spans.map((span) => span.name).join()}`,
    );
    return matching()[count - 1]!;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private take(body: string): void {
    this.bodies.push(body);
    for (const { scopeSpans } of (JSON.parse(body) as OtlpRequest).resourceSpans) {
      for (const { scope, spans } of scopeSpans) {
        for (const { attributes = [], links = [], status, ...span } of spans) {
          this.spans.push({
            ...span,
            parentSpanId: span.parentSpanId || undefined,
            attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)])),
            links,
            error: status?.code === 2 ? (status.message ?? '') : undefined,
            scope: scope.name,
          });
        }
      }
    }
  }
}

function valueOf({ stringValue, intValue, boolValue }: OtlpValue): Value {
  return stringValue ?? boolValue ?? Number(intValue);
}
