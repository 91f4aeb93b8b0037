import type { Tracer } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';

/** An OpenTelemetry SDK that keeps the spans that have ended, in this order. */
export class RecordedSpans {
  private readonly exporter = new InMemorySpanExporter();
  private readonly provider = new NodeTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.exporter)],
  });
  readonly tracer: Tracer = this.provider.getTracer('test');

  /** Makes it the SDK of the process, as `node --import` does. */
  register(): void {
    this.provider.register();
  }

  get all(): readonly ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  get names(): readonly string[] {
    return this.all.map(({ name }) => name);
  }

  named(name: string): ReadableSpan {
    const span = this.all.find((one) => one.name === name);
    if (!span) throw new Error(`no span ${name} among ${this.names.join()}`);
    return span;
  }

  /** The name of the parent of a span; undefined if it has none. */
  parentOf(name: string): string | undefined {
    const { parentSpanContext } = this.named(name);
    return this.all.find((span) => span.spanContext().spanId === parentSpanContext?.spanId)?.name;
  }

  /** The code with which a span failed; undefined if it did not fail. */
  errorOf(name: string): unknown {
    return this.named(name).attributes['error.type'];
  }

  clear(): void {
    this.exporter.reset();
  }
}
