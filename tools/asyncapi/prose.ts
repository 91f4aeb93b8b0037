import { CLOSINGS, ERROR_CODES, MAX_SYMBOL_LENGTH, SERVER_EXAMPLES } from '../../src/contract/index.js';

/** What the contract's types cannot say: how its messages travel, for whom, and what the codes mean. */

const { limits } = SERVER_EXAMPLES.connected[0].payload;

const ERRORS = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);

const CLOSING_ROWS = Object.entries(CLOSINGS).map(
  ([code, { closeCode, reconnect, message }]) =>
    `| \`${code}\` | ${closeCode} | ${reconnect ? 'yes' : 'no'} | ${message} |`,
);

export const INTRODUCTION = `Option-market data of DeltaStream, for Socket.IO v4 clients: prices, option chains and whether they still move.

A client connects, is told \`connected\`, and is in the room \`general\` from the start where it may be. It asks for more with \`subscribe\`; each
subscription is answered with the newest known update of its room. Within (event, product, expiry) no update is older than the one before it.

Each event is one Socket.IO EVENT packet of the default namespace, \`["name", payload]\`; what is described here is its payload. A request
may carry an acknowledgement, which is answered by \`{ok: true, ...}\` or \`{ok: false, error}\`.

Market data is the platform's: what a schema of it requires was checked, what it leaves out is passed on as it was published.
Of the legs of a chain that is \`strike\` alone; their other types are what the platform writes.

## Who is let in

Where tokens are asked for, a client brings one as the security schemes say; without one that the gateway takes it gets \`connect_error\`, and may come again
after \`retry_after_ms\` where that is there. With \`statuses: 'batch'\` in \`auth\` a client asks for one \`feed_statuses\` instead of a \`feed_status\` for each stale product. What the token does not allow is refused with \`FORBIDDEN\`. Before Socket.IO is spoken the handshake may be refused by status:
400 (another protocol, or no such session), 403 (its origin), 429 (its address) and 503 (no room now), the last two with \`Retry-After\`.

## Limits

Each client is told its own in \`connected\`. By default: ${limits.max_subscriptions} rooms, ${limits.max_symbols_per_request} symbols a request,
${limits.max_payload_bytes} bytes a message, ${MAX_SYMBOL_LENGTH} characters a symbol, ${limits.events_per_second} messages a second after ${limits.event_burst} at once,
${limits.max_connections_per_user} connections of one user. Who sends too often is refused with \`RATE_LIMITED\` and \`retry_after_ms\`, and closed if it goes on.

## Errors

A request that is not done is answered by the event \`error\`, and by the acknowledgement.

| code | meaning |
| --- | --- |
${ERRORS.join('\n')}

## Closings

What \`closing\` says before the gateway ends a connection, and the close code of the WebSocket.

| code | close code | come back? | meaning |
| --- | --- | --- | --- |
${CLOSING_ROWS.join('\n')}
`;

export const TAGS = [
  { name: 'requests', description: 'What clients send.' },
  { name: 'answers', description: 'Events that answer a request.' },
  { name: 'acknowledgements', description: 'What the acknowledgement of a request carries.' },
  { name: 'market data', description: 'What the rooms carry.' },
  { name: 'connection', description: 'Of the connection itself: who the client is, and when it ends.' },
] as const;

const PATH = '/socket.io/';

const SECURITY = [
  { $ref: '#/components/securitySchemes/connectToken' },
  { $ref: '#/components/securitySchemes/bearerToken' },
] as const;

const WHERE = 'Socket.IO v4 (Engine.IO 4), by WebSocket or by long-polling on the same path.';

export const SERVERS = {
  production: {
    host: '{host}',
    pathname: PATH,
    protocol: 'wss',
    description: `${WHERE} A token is asked for where AUTH_MODE says so.`,
    variables: {
      host: { description: 'Where the platform serves the gateway.', default: 'gateway.example.com' },
    },
    security: SECURITY,
  },
  development: {
    host: 'localhost:8002',
    pathname: PATH,
    protocol: 'ws',
    description: `${WHERE} As \`npm run demo\` starts it: no token is asked for.`,
  },
} as const;

export const SECURITY_SCHEMES = {
  connectToken: {
    type: 'apiKey',
    in: 'password',
    description:
      "A JSON Web Token of the platform's auth service as `auth.token` of Socket.IO's CONNECT packet: `io(url, {auth: {token}})`. Never in the URL.",
  },
  bearerToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'The same token as `Authorization: Bearer TOKEN` of the handshake, for clients that can set headers.',
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
          sid: { type: 'string', description: 'Of the session, where it was opened by polling.' },
        },
      },
      bindingVersion: '0.1.0',
    },
  },
} as const;

export const ACKNOWLEDGEMENTS = {
  address: null,
  title: 'Acknowledgements',
  description: "Socket.IO's ACK packets, each with the id of the request it answers.",
} as const;
