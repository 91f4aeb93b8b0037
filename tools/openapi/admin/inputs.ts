import { LOG_LEVELS } from '../../../src/config/environment.js';
import { NOTICE_LEVELS } from '../../../src/contract/index.js';
import { CLIENT_ORDERS } from '../../../src/admin/clients/client-info.js';
import { MAX_FOUND } from '../../../src/admin/clients/client-actions.js';
import { MAX_LOGGING_SECONDS } from '../../../src/admin/replicas/replica-actions.js';
import { REPLICA_PATTERN } from '../../../src/replicas/replica-name.js';
import { MAX_PROFILE_SECONDS } from '../../../src/admin/api/diagnostics.js';
import { TRANSPORT_NAMES } from '../../../src/transports/socket-io/connection-kind.js';

/** The JSON Schema of a field, and whether the request must have it. */
export interface Input {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly required?: true;
}

export type Inputs = Readonly<Record<string, Input>>;

const text = (description: string): Input => ({
  schema: { type: 'string', minLength: 1, maxLength: 256, description },
});
const seconds = (maximum: number, description: string): Input => ({
  schema: { type: 'integer', minimum: 1, maximum, description },
  required: true,
});

const CLIENT = text('The id of one client.');
const USER = text('All clients of one user, by the user id of their tokens.');
const REPLICA: Input = {
  schema: {
    type: 'string',
    pattern: REPLICA_PATTERN.source,
    description: 'Only this replica. Otherwise all replicas.',
  },
};
const DURATION = seconds(MAX_LOGGING_SECONDS, 'How long it applies, s. Then it ends by itself.');

export const REPLICA_QUERY: Inputs = { replica: REPLICA };

/** `GET clients`: a client is found if all given fields match. */
export const CLIENTS_QUERY: Inputs = {
  client_id: CLIENT,
  user: USER,
  address: text('The address of the client, or its hash as `address` of a client shows it.'),
  room: text('A room that the client is in, for example `chain:NIFTY`.'),
  transport: { schema: { type: 'string', enum: [...TRANSPORT_NAMES] } },
  replica: REPLICA,
  sort: {
    schema: {
      type: 'string',
      enum: [...CLIENT_ORDERS],
      default: 'lag_ms',
      description: 'By what the clients are sorted, the largest value first.',
    },
  },
  limit: {
    schema: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_FOUND,
      default: 50,
      description: 'The most clients of the answer. `matched` counts the others too.',
    },
  },
};

export const DISCONNECT_BODY: Inputs = {
  client_id: CLIENT,
  user: USER,
  reconnect: {
    schema: {
      type: 'boolean',
      default: false,
      description:
        'Whether the clients shall reconnect at once, to any replica. Otherwise the client libraries stay away until their page connects again.',
    },
  },
};

export const NOTICE_TARGET: Inputs = {
  client_id: CLIENT,
  user: USER,
  room: text('The clients in a room, for example `chain:NIFTY`. `general` has nearly all clients.'),
  everyone: { schema: { const: true } },
};

export const NOTICE_BODY: Inputs = {
  level: { schema: { type: 'string', enum: [...NOTICE_LEVELS] }, required: true },
  text: { schema: { type: 'string', minLength: 1, maxLength: 500 }, required: true },
  link: {
    schema: {
      type: 'string',
      format: 'uri',
      pattern: '^https:',
      maxLength: 500,
      description: 'Where the reader learns more.',
    },
  },
  to: {
    schema: {
      ...bodySchema(NOTICE_TARGET),
      minProperties: 1,
      maxProperties: 1,
      description: 'Whom the notice is for: exactly one of the fields.',
    },
    required: true,
  },
};

export const REBALANCE_BODY: Inputs = {
  share: {
    schema: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'The share of the clients that are closed: 0.25 closes a quarter of them.',
    },
    required: true,
  },
  over_seconds: seconds(3_600, 'The time over which they are closed, s.'),
};

export const LOG_LEVEL_BODY: Inputs = {
  level: { schema: { type: 'string', enum: [...LOG_LEVELS] }, required: true },
  for_seconds: DURATION,
  replica: REPLICA,
};

export const TRACE_BODY: Inputs = { client_id: CLIENT, user: USER, for_seconds: DURATION };

export const PROFILE_BODY: Inputs = { seconds: seconds(MAX_PROFILE_SECONDS, 'How long to measure, s.') };

/** The schema of a body. The admin API refuses fields that it does not know. */
export function bodySchema(inputs: Inputs): Readonly<Record<string, unknown>> {
  const required = Object.keys(inputs).filter((name) => inputs[name]!.required);
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(inputs).map(([name, { schema }]) => [name, schema])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}
