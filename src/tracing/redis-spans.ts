import { tracingChannel } from 'node:diagnostics_channel';
import { type Span, SpanKind, trace, type Tracer } from '@opentelemetry/api';
import { fail, tracer } from './tracer.js';

/** What ioredis publishes about a command. It also has the arguments, which are not used. */
interface CommandMessage {
  readonly command: string;
  readonly database: number;
  readonly serverAddress: string;
  readonly serverPort: number | undefined;
  error?: unknown;
}

/** The first word of an error of Redis, such as `WRONGTYPE`. */
const STATUS = /^[A-Z]{2,32}(?= )/;

/**
 * Makes a span for each Redis command that is sent in a span that has not ended. Commands of the
 * background, such as writes of the cache and probes, have none. ioredis publishes its commands on a
 * tracing channel, which costs nothing as long as it has no subscriber.
 *
 * A span has the name of the command but never its arguments, because keys name users and addresses.
 * @returns ends it
 */
export function traceRedisCommands(on: Tracer): () => void {
  const spans = new WeakMap<CommandMessage, Span>();
  const channel = tracingChannel<CommandMessage, CommandMessage>('ioredis:command');
  const end = (message: CommandMessage): void => {
    spans.get(message)?.end();
    spans.delete(message);
  };
  const handlers = {
    start(message: CommandMessage): void {
      // The context of a connection is that of the request which opened it, whose span has ended.
      if (trace.getActiveSpan()?.isRecording() !== true) return;
      const name = message.command.toUpperCase();
      const { serverPort: port } = message;
      const attributes = {
        'db.system.name': 'redis',
        'db.operation.name': name,
        'db.namespace': String(message.database),
        'server.address': message.serverAddress,
        ...(port !== undefined && { 'server.port': port }),
      };
      spans.set(message, on.startSpan(name, { kind: SpanKind.CLIENT, attributes }));
    },
    end(): void {
      return;
    },
    asyncStart(): void {
      return;
    },
    asyncEnd: end,
    error(message: CommandMessage): void {
      const span = spans.get(message);
      if (!span) return;
      const { error } = message;
      const status = error instanceof Error ? STATUS.exec(error.message)?.[0] : undefined;
      if (status !== undefined) span.setAttribute('db.response.status_code', status);
      fail(span, status ?? (error instanceof Error ? error.name : 'Error'));
    },
  };
  channel.subscribe(handlers);
  return () => void channel.unsubscribe(handlers);
}

let isTraced = false;

/** Makes spans for the Redis commands of this process, if there is an SDK. */
export function traceRedis(): void {
  if (tracer === undefined || isTraced) return;
  isTraced = true;
  traceRedisCommands(tracer);
}
