import { trace, type Tracer } from '@opentelemetry/api';
import { errorType, fail, tracer } from './tracer.js';

/**
 * Runs `work` in a span that is a child of the current one. Without an SDK, or outside of a span, it
 * only runs `work`.
 * @param name what is done, without anything that names a client, a user or a room
 */
export function inSpan<T>(name: string, work: () => Promise<T>, on: Tracer | undefined = tracer): Promise<T> {
  if (on === undefined || trace.getActiveSpan() === undefined) return work();
  return on.startActiveSpan(name, async (span) => {
    try {
      return await work();
    } catch (error) {
      fail(span, errorType(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Marks the current span as failed. Without an SDK or a span it does nothing. */
export function failCurrentSpan(type: string, on: Tracer | undefined = tracer): void {
  if (on === undefined) return;
  const span = trace.getActiveSpan();
  if (span) fail(span, type);
}
