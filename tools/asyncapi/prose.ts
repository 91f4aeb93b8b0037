import { CLOSINGS, ERROR_CODES, MAX_SYMBOL_LENGTH, SERVER_EXAMPLES } from '../../src/contract/index.js';

/**
 * The parts of the document that the types of the contract cannot express: how messages are
 * transported, who may connect, and what the codes mean.
 */

const { limits } = SERVER_EXAMPLES.connected[0].payload;

const ERRORS = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);

const CLOSING_ROWS = Object.entries(CLOSINGS).map(
  ([code, { closeCode, reconnect, message }]) =>
    `| \`${code}\` | ${closeCode} | ${reconnect ? 'yes' : 'no'} | ${message} |`,
);

export const INTRODUCTION = `Option-market data of DeltaStream for Socket.IO v4 clients: prices, option chains, and whether they are still being updated.

A client connects and receives \`connected\`. It is in the room \`general\` from the start, if its token allows that. It subscribes to
other rooms with \`subscribe\`, and receives the newest known updates of each room. For each event, product and expiry, no update is
older than the one before it. With \`view\`, \`subscribe\` asks for a cheaper form of a room: fewer columns or strikes of a chain, or
fewer updates. It is a room of its own, such as \`chain:NIFTY@quote.10.2hz\`.

Each event is one EVENT packet of Socket.IO in the default namespace, \`["name", payload]\`. This document describes the payloads. A
request may ask for an acknowledgement, which is \`{ok: true, ...}\` or \`{ok: false, error}\`.

Clients without Socket.IO use a plain WebSocket on \`/ws\`. Each message is then a JSON object \`{"event", "data", "id"}\`: \`event\` and
\`data\` are the name and the payload of an event, and a request with an \`id\`, a whole number, is acknowledged with
\`{"event": "ack", "id", "data"}\`. The first message may be \`{"event": "auth", "data": {"token"}}\`.

Clients that only listen may ask for an event stream with \`GET /sse?rooms=product:NIFTY,chain:NIFTY:2026-12-03\`. \`event:\` and \`data:\`
of the stream are the name and the payload of an event.

Every message of Socket.IO and of plain WebSockets may be MessagePack (\`application/msgpack\`) instead of JSON. Stock clients use \`socket.io-msgpack-parser\`, and plain
WebSockets the subprotocol \`deltastream.v1.msgpack\`. The values are the same.

Market data comes from the platform. The gateway has checked the fields that a schema requires, and passes all others on as they
were published. In the legs of a chain it has checked only \`strike\`; the types of the other fields are those that the platform writes.

## Authentication

If the gateway requires tokens, a client sends one as the security schemes describe. Without a valid token it receives
\`connect_error\`, and may try again after \`retry_after_ms\` if that is present. A request for a room that the token does not allow is
refused with \`FORBIDDEN\`.

With \`statuses: 'batch'\` in \`auth\`, a client asks for one \`feed_statuses\` instead of a \`feed_status\` for each stale product.
With \`latency_probe: true\`, it answers each \`latency_probe\` with \`latency_echo\`, and the gateway measures the time.

The gateway may also refuse the handshake with an HTTP status: 400 (another protocol version, or a malformed request), 403 (the origin is not allowed), 404 (an
unknown session), 429 (a limit of the address) or 503 (the replica cannot take new clients now). 429 and 503 come with \`Retry-After\`.

## Limits

Each client receives its limits in \`connected\`. The defaults are ${limits.max_subscriptions} rooms, ${limits.max_symbols_per_request} symbols per request,
${limits.max_payload_bytes} bytes per message, ${MAX_SYMBOL_LENGTH} characters per symbol, ${limits.events_per_second} messages per second with a burst of ${limits.event_burst}, and
${limits.max_connections_per_user} connections per user. A client that exceeds the rate is refused with \`RATE_LIMITED\` and \`retry_after_ms\`, and is disconnected if
it continues.

## Errors

A request that fails causes an \`error\` event, and a negative acknowledgement if the client asked for one.

| code | meaning |
| --- | --- |
${ERRORS.join('\n')}

## Closings

The gateway sends one of these codes in \`closing\` before it closes a connection. The WebSocket has the close code in the table.

| code | close code | reconnect? | meaning |
| --- | --- | --- | --- |
${CLOSING_ROWS.join('\n')}
`;

export const TAGS = [
  { name: 'requests', description: 'The requests of clients.' },
  { name: 'answers', description: 'Events in response to a request.' },
  { name: 'acknowledgements', description: 'The acknowledgements of requests.' },
  { name: 'market data', description: 'The updates of rooms.' },
  {
    name: 'connection',
    description: 'The connection itself: the identity of the client, and the end of the connection.',
  },
] as const;

const PATH = '/socket.io/';
const PLAIN_PATH = '/ws';
const SSE_PATH = '/sse';

const SECURITY = [
  { $ref: '#/components/securitySchemes/connectToken' },
  { $ref: '#/components/securitySchemes/bearerToken' },
] as const;

const WHERE = 'Socket.IO v4 (Engine.IO 4), over WebSocket or long-polling on the same path.';

const PLAIN = 'Plain WebSocket with JSON messages, without Socket.IO.';
const STREAM = 'Server-sent events, for clients that only listen.';
/** There is no first message that could have a token. */
const HEADER_ONLY = [{ $ref: '#/components/securitySchemes/bearerToken' }] as const;

export const SERVERS = {
  production: {
    host: '{host}',
    pathname: PATH,
    protocol: 'wss',
    description: `${WHERE} The setting AUTH_MODE decides whether a token is required.`,
    variables: {
      host: { description: 'The host name of the gateway.', default: 'gateway.example.com' },
    },
    security: SECURITY,
  },
  development: {
    host: 'localhost:8002',
    pathname: PATH,
    protocol: 'ws',
    description: `${WHERE} The server that \`npm run demo\` starts. It requires no token.`,
  },
  productionPlain: {
    host: '{host}',
    pathname: PLAIN_PATH,
    protocol: 'wss',
    description: `${PLAIN} The setting AUTH_MODE decides whether a token is required.`,
    variables: {
      host: { description: 'The host name of the gateway.', default: 'gateway.example.com' },
    },
    security: [{ $ref: '#/components/securitySchemes/bearerToken' }],
  },
  developmentPlain: {
    host: 'localhost:8002',
    pathname: PLAIN_PATH,
    protocol: 'ws',
    description: `${PLAIN} The server that \`npm run demo\` starts. It requires no token.`,
  },
  productionSse: {
    host: '{host}',
    pathname: SSE_PATH,
    protocol: 'https',
    description: `${STREAM} The setting AUTH_MODE decides whether a token is required.`,
    variables: {
      host: { description: 'The host name of the gateway.', default: 'gateway.example.com' },
    },
    security: HEADER_ONLY,
  },
  developmentSse: {
    host: 'localhost:8002',
    pathname: SSE_PATH,
    protocol: 'http',
    description: `${STREAM} The server that \`npm run demo\` starts. It requires no token.`,
  },
} as const;

export const SECURITY_SCHEMES = {
  connectToken: {
    type: 'apiKey',
    in: 'password',
    description:
      "A JSON Web Token of the platform's auth service, as `auth.token` of the CONNECT packet: `io(url, {auth: {token}})`. A token in the URL is ignored.",
  },
  bearerToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'The same token in the header `Authorization: Bearer TOKEN` of the handshake, for clients that can set headers.',
  },
} as const;

export const NAMESPACE = {
  address: '/',
  title: 'Events',
  description: 'The default namespace of Socket.IO.',
  servers: [{ $ref: '#/servers/production' }, { $ref: '#/servers/development' }],
  bindings: {
    ws: {
      method: 'GET',
      query: {
        type: 'object',
        required: ['EIO', 'transport'],
        properties: {
          EIO: { type: 'string', const: '4', description: 'The protocol version of Engine.IO.' },
          transport: { type: 'string', enum: ['websocket', 'polling'] },
          sid: { type: 'string', description: 'The id of the session, if it was opened with polling.' },
        },
      },
      bindingVersion: '0.1.0',
    },
  },
} as const;

export const PLAIN_WEBSOCKET = {
  address: '/',
  title: 'Messages of plain WebSockets',
  description: 'The same events and payloads, each as `{"event", "data"}`.',
  servers: [{ $ref: '#/servers/productionPlain' }, { $ref: '#/servers/developmentPlain' }],
  bindings: {
    ws: {
      method: 'GET',
      query: {
        type: 'object',
        properties: {
          statuses: {
            type: 'string',
            enum: ['batch'],
            description: 'Asks for one `feed_statuses` instead of many `feed_status`.',
          },
          latency_probe: {
            type: 'string',
            enum: ['true'],
            description: 'The client answers each `latency_probe` with `latency_echo`.',
          },
        },
      },
      bindingVersion: '0.1.0',
    },
  },
} as const;

export const EVENT_STREAM = {
  address: '/',
  title: 'Server-sent events',
  description:
    'The events of the gateway, each as `event: NAME` and `data: PAYLOAD`. The `id` of an `underlying_update` is its time in microseconds since the epoch.',
  servers: [{ $ref: '#/servers/productionSse' }, { $ref: '#/servers/developmentSse' }],
} as const;

/** How a client asks for an event stream. */
export const EVENT_STREAM_BINDINGS = {
  http: {
    method: 'GET',
    query: {
      type: 'object',
      required: ['rooms'],
      properties: {
        rooms: {
          type: 'string',
          description: 'The names of rooms, and `heartbeat`, separated by commas.',
          examples: ['product:NIFTY,chain:NIFTY:2026-12-03'],
        },
        statuses: {
          type: 'string',
          enum: ['batch'],
          description: 'Asks for one `feed_statuses` instead of many `feed_status`.',
        },
        lastEventId: {
          type: 'string',
          description: 'The last id that the client received, if it cannot send `Last-Event-ID`.',
        },
      },
    },
    bindingVersion: '0.3.0',
  },
} as const;

export const ACKNOWLEDGEMENTS = {
  address: null,
  title: 'Acknowledgements',
  description: 'ACK packets of Socket.IO, each with the id of its request.',
} as const;
