import {
  ACKNOWLEDGEMENT_EXAMPLES,
  CLIENT_EXAMPLES,
  CONNECT_REFUSAL_EXAMPLE,
  type Example,
  REFUSAL_EXAMPLE,
  SERVER_EXAMPLES,
} from '../../src/contract/index.js';
import type { EventDeclaration } from './event-maps.js';
import {
  ACKNOWLEDGEMENTS,
  EVENT_STREAM,
  EVENT_STREAM_BINDINGS,
  INTRODUCTION,
  NAMESPACE,
  PLAIN_WEBSOCKET,
  SECURITY_SCHEMES,
  SERVERS,
  TAGS,
} from './prose.js';
import type { Schemas } from './schemas.js';

/**
 * The event of Socket.IO itself that the library of a rejected client emits. All other events
 * belong to the contract.
 */
export const CONNECT_ERROR = 'connect_error';

const REFUSED = 'refused';

interface Sources {
  readonly version: string;
  readonly clientEvents: readonly EventDeclaration[];
  readonly serverEvents: readonly EventDeclaration[];
  readonly schemas: Schemas;
}

const schema = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const reference = (...path: readonly string[]) => ({
  $ref: `#/${path.map((part) => part.replaceAll('/', '~1')).join('/')}`,
});

const answerOf = (event: string): string => `${event}_done`;

/**
 * The AsyncAPI document of the contract, from the gateway's side: it receives what clients send.
 */
export function documentOf({ version, clientEvents, serverEvents, schemas }: Sources): object {
  const sent = [...serverEvents.map(({ name }) => name), CONNECT_ERROR];
  const streamed = serverEvents.map(({ name }) => name);
  const acknowledged = clientEvents.filter(isAcknowledged);
  const answers = acknowledged.map(({ name }) => answerOf(name));
  const inChannel = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, reference('components', 'messages', name)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'DeltaStream Socket Gateway',
      version,
      description: INTRODUCTION,
      tags: TAGS,
    },
    defaultContentType: 'application/json',
    servers: SERVERS,
    channels: {
      events: { ...NAMESPACE, messages: inChannel([...clientEvents.map(({ name }) => name), ...sent]) },
      plainWebSocket: {
        ...PLAIN_WEBSOCKET,
        messages: inChannel([...clientEvents.map(({ name }) => name), ...sent]),
      },
      eventStream: { ...EVENT_STREAM, messages: inChannel(streamed) },
      acknowledgements: { ...ACKNOWLEDGEMENTS, messages: inChannel([...answers, REFUSED]) },
    },
    operations: Object.fromEntries([
      ...clientEvents.map(received),
      ...sent.map(sending(serverEvents)),
      ['event_stream', streaming(streamed)],
    ]),
    components: {
      messages: Object.fromEntries([
        ...clientEvents.map(requestMessage),
        ...serverEvents.map(eventMessage),
        [CONNECT_ERROR, connectError()],
        ...acknowledged.map(answerMessage),
        [REFUSED, refusedMessage()],
      ]),
      schemas,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function isAcknowledged({ answers }: EventDeclaration): boolean {
  return answers.length > 0;
}

function received(event: EventDeclaration): [string, object] {
  const { name, summary } = event;
  const operation = {
    action: 'receive',
    title: name,
    summary,
    channel: reference('channels', 'events'),
    messages: [reference('channels', 'events', 'messages', name)],
    ...(isAcknowledged(event) && {
      reply: {
        channel: reference('channels', 'acknowledgements'),
        messages: [answerOf(name), REFUSED].map((answer) =>
          reference('channels', 'acknowledgements', 'messages', answer),
        ),
      },
    }),
    tags: [{ name: 'requests' }],
  };
  return [name, operation];
}

const sending =
  (events: readonly EventDeclaration[]) =>
  (name: string): [string, object] => {
    const summary = events.find((event) => event.name === name)?.summary ?? connectError().summary;
    const operation = {
      action: 'send',
      title: name,
      summary,
      channel: reference('channels', 'events'),
      messages: [reference('channels', 'events', 'messages', name)],
      tags: [{ name: tagOf(name) }],
    };
    return [name, operation];
  };

function streaming(names: readonly string[]): object {
  return {
    action: 'send',
    title: 'event_stream',
    summary: 'The response to a request for an event stream.',
    channel: reference('channels', 'eventStream'),
    messages: names.map((name) => reference('channels', 'eventStream', 'messages', name)),
    bindings: EVENT_STREAM_BINDINGS,
  };
}

function requestMessage({ name, summary, payload }: EventDeclaration): [string, object] {
  return [name, message(name, summary, 'requests', payload, examplesOf(CLIENT_EXAMPLES, name))];
}

function eventMessage({ name, summary, payload }: EventDeclaration): [string, object] {
  return [name, message(name, summary, tagOf(name), payload, examplesOf(SERVER_EXAMPLES, name))];
}

function answerMessage({ name, answers: [done] }: EventDeclaration): [string, object] {
  // `Acknowledgement` is a union of two types, and the other type has its own message.
  const type = done === 'Acknowledgement' ? 'Done' : done;
  const examples = examplesOf(ACKNOWLEDGEMENT_EXAMPLES, name);
  return [
    answerOf(name),
    message(
      answerOf(name),
      `The acknowledgement of a successful \`${name}\`.`,
      'acknowledgements',
      type,
      examples,
    ),
  ];
}

function refusedMessage(): object {
  return message(
    REFUSED,
    'The acknowledgement of a refused request.',
    'acknowledgements',
    'RequestRejection',
    [{ name: 'malformed symbol', payload: REFUSAL_EXAMPLE }],
  );
}

function connectError(): { readonly summary: string } {
  const summary = 'The client may not connect. Socket.IO clients receive this as `connect_error`.';
  return message(CONNECT_ERROR, summary, 'connection', 'ConnectRejection', [
    { name: 'expired', payload: CONNECT_REFUSAL_EXAMPLE },
  ]);
}

function message(
  name: string,
  summary: string,
  tag: string,
  payload: string | undefined,
  examples: readonly Example<unknown>[],
) {
  return {
    name,
    title: name,
    summary,
    contentType: 'application/json',
    tags: [{ name: tag }],
    ...(payload && { payload: schema(payload) }),
    ...(examples.length > 0 && { examples }),
  };
}

function examplesOf(
  all: Readonly<Record<string, readonly Example<unknown>[]>>,
  event: string,
): readonly Example<unknown>[] {
  return all[event] ?? [];
}

const MARKET_EVENTS: ReadonlySet<string> = new Set([
  'underlying_update',
  'chain_summary',
  'chain_update',
  'chain_view',
  'feed_status',
  'chain_status',
  'feed_statuses',
  'feed_gap',
]);
const CONNECTION_EVENTS: ReadonlySet<string> = new Set([
  'connected',
  'latency_probe',
  'lagging',
  'token_expiring',
  'server_draining',
  'closing',
  CONNECT_ERROR,
]);

function tagOf(event: string): string {
  if (MARKET_EVENTS.has(event)) return 'market data';
  return CONNECTION_EVENTS.has(event) ? 'connection' : 'answers';
}
