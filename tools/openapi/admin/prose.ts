import {
  CLIENTS_QUERY,
  DISCONNECT_BODY,
  type Inputs,
  LOG_LEVEL_BODY,
  NOTICE_BODY,
  PROFILE_BODY,
  REBALANCE_BODY,
  REPLICA_QUERY,
  TRACE_BODY,
} from './inputs.js';

export const INTRODUCTION = `What operators on call see of the clients and replicas, and do to them. It is served on \`ADMIN_PORT\`, and only if \`ADMIN_TOKEN\` is set.

Any replica can be asked: it asks the others and returns one answer for all of them. A replica that does not answer within 2 s is named in \`missing\`, and one that could not do it in \`failed\` with the reason.
Every action is logged as \`admin_action\`. Say in \`X-Operator\` who you are: 1 to 64 printable ASCII characters.
Bodies are JSON with \`Content-Type: application/json\`, of at most 16 KiB. Unknown fields are refused.

docs/admin-api.md has examples.`;

/** What each status of a refusal means. */
export const STATUSES = {
  400: 'The request is not valid. `details` says which field is wrong, if it is one field.',
  401: 'The token is missing or wrong.',
  403: '`ADMIN_DIAGNOSTICS` is not switched on.',
  404: 'There is no such replica or trace.',
  409: 'The replica cannot do it at the moment. `message` has the reason.',
  413: 'The body is larger than 16 KiB.',
  415: 'The body is not declared as `application/json`.',
  500: 'The gateway failed to process the request. The log has the cause.',
  503: 'This replica is asked for too much at the same time. Try again later.',
  504: 'The replica did not answer within 2 s. It may have done it or not.',
} as const;

type Status = keyof typeof STATUSES;

/** What one operation does. */
export interface AdminOperation {
  readonly id: string;
  readonly tag: 'clients' | 'replicas' | 'logging' | 'diagnostics' | 'state';
  readonly summary: string;
  readonly description: string;
  readonly query?: Inputs;
  readonly body?: Inputs;
  readonly status: 200 | 201 | 202;
  /** The name of the type of its JSON body, or the media type and description of another body. */
  readonly answer: string | { readonly type: string; readonly description: string };
  readonly errors: readonly Status[];
}

const READS = [400, 401, 500, 503] as const;
const WRITES = [400, 401, 413, 415, 500, 503] as const;
const PARTIAL = 'The answer counts the replicas that answered, and names the others.';
const PRODUCED_HERE =
  'It is of the replica that answers, which `X-Replica` names: reach the pod itself, not the Service. It needs `ADMIN_DIAGNOSTICS=true`. ';

/** The operations by their controller and handler. */
export const OPERATIONS = {
  ClientsController: {
    find: {
      id: 'findClients',
      tag: 'clients',
      summary: 'Finds clients on all replicas.',
      description: 'A client is found if all given fields match; without fields, every client is.',
      query: CLIENTS_QUERY,
      status: 200,
      answer: 'ClientsAnswer',
      errors: [...READS, 404],
    },
    disconnect: {
      id: 'disconnectClients',
      tag: 'clients',
      summary: 'Closes one client, or all clients of one user.',
      description: `Name either \`client_id\` or \`user\`. The clients receive \`closing\` first. ${PARTIAL}`,
      body: DISCONNECT_BODY,
      status: 200,
      answer: 'ClientsReached',
      errors: WRITES,
    },
    notify: {
      id: 'sendNotice',
      tag: 'clients',
      summary: 'Sends a `notice` to a client, a user, a room or every client.',
      description: `Each client receives it once. A client that connects later does not receive it. ${PARTIAL}`,
      body: NOTICE_BODY,
      status: 200,
      answer: 'ClientsReached',
      errors: WRITES,
    },
  },
  ReplicasController: {
    drain: {
      id: 'drainReplica',
      tag: 'replicas',
      summary: 'Takes a replica out of service.',
      description:
        'It is not ready at once and closes its clients over `DRAIN_TIMEOUT_MS`. It does not return to service: restart it. A second request changes nothing.',
      status: 202,
      answer: 'MovedClients',
      errors: [...WRITES, 404, 409, 504],
    },
    rebalance: {
      id: 'rebalanceReplica',
      tag: 'replicas',
      summary: 'Closes a share of the clients of a replica gradually, so that they connect elsewhere.',
      description: 'The replica stays in service. Use it after replicas were added.',
      body: REBALANCE_BODY,
      status: 202,
      answer: 'MovedClients',
      errors: [...WRITES, 404, 409, 504],
    },
    settings: {
      id: 'getSettings',
      tag: 'replicas',
      summary: 'Shows the settings of the replicas, with secrets masked.',
      description: 'The values with which the replicas started.',
      query: REPLICA_QUERY,
      status: 200,
      answer: 'SettingsAnswer',
      errors: [...READS, 404],
    },
  },
  LoggingController: {
    state: {
      id: 'getLogging',
      tag: 'logging',
      summary: 'Shows the level of the log and the traces of each replica.',
      description: PARTIAL,
      status: 200,
      answer: 'LoggingAnswer',
      errors: READS,
    },
    changeLevel: {
      id: 'changeLogLevel',
      tag: 'logging',
      summary: 'Changes the level of the log for a limited time.',
      description: 'After that time the configured level applies again. `admin_action` is always logged.',
      body: LOG_LEVEL_BODY,
      status: 200,
      answer: 'LoggingAnswer',
      errors: [...WRITES, 404],
    },
    resetLevel: {
      id: 'resetLogLevel',
      tag: 'logging',
      summary: 'Returns to the configured level of the log at once.',
      description: PARTIAL,
      query: REPLICA_QUERY,
      status: 200,
      answer: 'LoggingAnswer',
      errors: [...WRITES, 404],
    },
    startTrace: {
      id: 'startTrace',
      tag: 'logging',
      summary: 'Logs what one client, or each client of one user, sends and is sent.',
      description:
        'Name either `client_id` or `user`. A user is traced on clients that connect later too. The lines are `client_trace`. 201 means that at least one replica traces.',
      body: TRACE_BODY,
      status: 201,
      answer: 'TraceAnswer',
      errors: [...WRITES, 409],
    },
    stopTrace: {
      id: 'stopTrace',
      tag: 'logging',
      summary: 'Ends a trace before its time.',
      description: PARTIAL,
      status: 200,
      answer: 'PartialAnswer',
      errors: [...WRITES, 404],
    },
  },
  DiagnosticsController: {
    heapSnapshot: {
      id: 'takeHeapSnapshot',
      tag: 'diagnostics',
      summary: 'A heap snapshot of this replica, for the developer tools of Chrome.',
      description: `${PRODUCED_HERE}It contains tokens and data of clients, and the replica stops for about a second for each 100 MB: drain it first.`,
      status: 200,
      answer: { type: 'application/octet-stream', description: 'A `.heapsnapshot` file.' },
      errors: [...WRITES, 403, 409],
    },
    cpuProfile: {
      id: 'takeCpuProfile',
      tag: 'diagnostics',
      summary: 'A CPU profile of this replica, for the developer tools of Chrome.',
      description: `${PRODUCED_HERE}Profiling slows the replica down a little.`,
      body: PROFILE_BODY,
      status: 200,
      answer: { type: 'application/octet-stream', description: 'A `.cpuprofile` file.' },
      errors: [...WRITES, 403, 409],
    },
  },
  StatsController: {
    one: {
      id: 'getStats',
      tag: 'state',
      summary: 'The state of all replicas, as the room `admin` receives it.',
      description: 'It takes one to four seconds, because replicas measure only while they are asked.',
      status: 200,
      answer: 'AdminStats',
      errors: READS,
    },
    stream: {
      id: 'streamStats',
      tag: 'state',
      summary: 'Each second the state of all replicas, as an event stream.',
      description: 'At most 50 streams of a replica at a time.',
      status: 200,
      answer: {
        type: 'text/event-stream',
        description: 'Events `admin_stats`, whose data is an `AdminStats` as JSON.',
      },
      errors: READS,
    },
  },
  AdminDocsController: {
    document: {
      id: 'getOpenApi',
      tag: 'state',
      summary: 'This document.',
      description: 'It describes the version that this replica runs.',
      status: 200,
      answer: { type: 'application/json', description: 'An OpenAPI 3.1 document.' },
      errors: READS,
    },
  },
} as const satisfies Record<string, Record<string, AdminOperation>>;

export const TAGS: Readonly<Record<AdminOperation['tag'], string>> = {
  clients: 'Find clients and act on them.',
  replicas: 'Take replicas out of service, move clients, and see settings.',
  logging: 'Have replicas log more for a limited time.',
  diagnostics: 'Heap snapshots and CPU profiles.',
  state: 'The state of all replicas, and this document.',
};
