import { CLOSINGS, ERROR_CODES, MAX_SYMBOL_LENGTH, SERVER_EXAMPLES } from '../../src/contract/index.js';

/** What the contract's types cannot say: how its messages travel, for whom, and what the codes mean. */

const { limits } = SERVER_EXAMPLES.connected[0].payload;

const ERRORS = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);

const CLOSING_ROWS = Object.entries(CLOSINGS).map(
  ([code, { closeCode, reconnect, message }]) =>
    `| \`${code}\` | ${closeCode} | ${reconnect ? 'yes' : 'no'} | ${message} |`,
);

export const INTRODUCTION = `Prices and option chains of DeltaStream, for Socket.IO v4 clients.

When a client has connected, it gets \`connected\`. It is then in the room \`general\`, if its token allows that.
It subscribes to more rooms with \`subscribe\`, and gets the newest known update of each room at once.
A client never gets an older update of an event, product and expiry after a newer one.

Each event is one Socket.IO EVENT packet of the default namespace, \`["name", payload]\`. This document describes the payloads.
A request may ask for an acknowledgement, which is \`{ok: true, ...}\` or \`{ok: false, error}\`.

The gateway passes market data on as the platform published it. It has checked the fields that a schema requires.
In the options of a chain it checks only \`strike\`; the types of the other fields are those that the platform writes.

## Authentication

If the gateway requires a token, the client sends it in one of the ways listed under the security schemes. Without a valid token the
client gets \`connect_error\`; if that has \`retry_after_ms\`, the client may try again after that time. A client that sends
\`statuses: 'batch'\` in \`auth\` gets one \`feed_statuses\` instead of a \`feed_status\` for each stale product. Requests that the token does not allow are
rejected with \`FORBIDDEN\`. The gateway may also reject the handshake with an HTTP status: 400 (wrong protocol or unknown session),
403 (the origin is not allowed), 429 (too many connections from this address) or 503 (no capacity now). 429 and 503 come with \`Retry-After\`.

## Limits

Each client gets its own limits in \`connected\`. The defaults are ${limits.max_subscriptions} rooms, ${limits.max_symbols_per_request} symbols in one request,
${limits.max_payload_bytes} bytes in one message, ${MAX_SYMBOL_LENGTH} characters in a symbol, ${limits.events_per_second} messages per second after a burst of ${limits.event_burst}, and
${limits.max_connections_per_user} connections for one user. A client that sends too fast gets \`RATE_LIMITED\` with \`retry_after_ms\`. If it does not slow down, the gateway closes its connection.

## Errors

If the gateway rejects a request, the client gets the event \`error\` and a negative acknowledgement.

| code | meaning |
| --- | --- |
${ERRORS.join('\n')}

## Closings

Before the gateway closes a connection, it sends \`closing\` with one of these codes. The WebSocket then has the close code.

| code | close code | reconnect? | meaning |
| --- | --- | --- | --- |
${CLOSING_ROWS.join('\n')}
`;

export const TAGS = [
  { name: 'requests', description: 'Events that the client sends.' },
  { name: 'answers', description: 'Events that the gateway sends in reply to a request.' },
  { name: 'acknowledgements', description: 'The payloads of the acknowledgements of requests.' },
  { name: 'market data', description: 'Events that the gateway sends to rooms.' },
  { name: 'connection', description: 'Events about the connection: its start, its state and its end.' },
] as const;

const PATH = '/socket.io/';

const SECURITY = [
  { $ref: '#/components/securitySchemes/connectToken' },
  { $ref: '#/components/securitySchemes/bearerToken' },
] as const;

const WHERE = 'Socket.IO v4 (Engine.IO 4), over WebSocket, or over long-polling on the same path.';

export const SERVERS = {
  production: {
    host: '{host}',
    pathname: PATH,
    protocol: 'wss',
    description: `${WHERE} AUTH_MODE says whether a token is required.`,
    variables: {
      host: { description: 'The host name of the gateway.', default: 'gateway.example.com' },
    },
    security: SECURITY,
  },
  development: {
    host: 'localhost:8002',
    pathname: PATH,
    protocol: 'ws',
    description: `${WHERE} This is the gateway that \`npm run demo\` starts. It requires no token.`,
  },
} as const;

export const SECURITY_SCHEMES = {
  connectToken: {
    type: 'apiKey',
    in: 'password',
    description:
      "A JSON Web Token from the platform's auth service, in `auth.token` of Socket.IO's CONNECT packet: `io(url, {auth: {token}})`. Never send it in the URL.",
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
  description: "Socket.IO's default namespace.",
  bindings: {
    ws: {
      method: 'GET',
      query: {
        type: 'object',
        required: ['EIO', 'transport'],
        properties: {
          EIO: { type: 'string', const: '4', description: "Engine.IO's protocol." },
          transport: { type: 'string', enum: ['websocket', 'polling'] },
          sid: { type: 'string', description: 'The id of the session, if the session began with polling.' },
        },
      },
      bindingVersion: '0.1.0',
    },
  },
} as const;

export const ACKNOWLEDGEMENTS = {
  address: null,
  title: 'Acknowledgements',
  description: "Socket.IO's ACK packets. Each has the id of its request.",
} as const;
