/** The labels of an alert or of a series. */
export type Labels = Readonly<Record<string, string>>;

/**
 * A series: a metric, the labels that it has besides those of its pod, its values, one a minute, in
 * promtool's notation (`0+2x3` is 0, 2, 4, 6), and its pod if that is not the first one.
 */
export type Series = readonly [
  metric: string,
  labels: Labels,
  values: string,
  pod?: 'pod' | 'other' | 'foreign',
];

export interface Fires {
  readonly when: string;
  readonly series: readonly Series[];
  /** The last minute in which the alert is quiet, and the first one checked in which it fires. */
  readonly between: readonly [quiet: number, fires: number];
  /** What the labels of the alert name: the whole release, or a pod. */
  readonly of: 'release' | 'pod';
  /** Its labels besides those of the release or the pod. */
  readonly labels?: Labels;
  readonly summary: string;
}

export interface Quiet {
  readonly when: string;
  readonly series: readonly Series[];
}

/** For each alert: when it must fire, and when it must not, although something is like it. */
export const ALERTS: Readonly<
  Record<string, { readonly fires: readonly Fires[]; readonly quiet: readonly Quiet[] }>
> = {
  SocketGatewayAbsent: {
    fires: [
      {
        when: 'Prometheus has metrics of another release only',
        series: [['socket_gateway_connections', {}, '5x30', 'foreign']],
        between: [4, 6],
        of: 'release',
        summary: 'There are no metrics of any gateway',
      },
    ],
    quiet: [
      { when: 'one pod is left', series: [['socket_gateway_connections', {}, '0x30']] },
      {
        when: 'scrapes fail for three minutes',
        series: [['socket_gateway_connections', {}, '0x5 _x3 0x20']],
      },
    ],
  },
  SocketGatewayBridgeDown: {
    fires: [
      {
        when: 'the subscription does not deliver',
        series: [['socket_gateway_feed_up', {}, '1x5 0x10']],
        between: [6, 8],
        of: 'pod',
        summary: 'POD gets nothing from Redis',
      },
    ],
    quiet: [
      { when: 'the subscription delivers', series: [['socket_gateway_feed_up', {}, '1x20']] },
      { when: 'it was lost for a moment', series: [['socket_gateway_feed_up', {}, '1x5 0 1x20']] },
    ],
  },
  SocketGatewayFeedStale: {
    fires: [
      {
        when: 'two products have stopped, and a third one goes on',
        series: [
          ['socket_gateway_stale_products', {}, '0x5 2x30'],
          ['socket_gateway_unseen_products', {}, '0x40'],
          ['socket_gateway_feed_messages_total', { channel: 'enriched:underlying' }, '0+60x40'],
        ],
        between: [7, 9],
        of: 'release',
        summary: '2 products have stopped',
      },
      {
        when: 'a product has stopped, and another one never had an update',
        series: [
          ['socket_gateway_stale_products', {}, '1x5 2x30'],
          ['socket_gateway_unseen_products', {}, '1x40'],
          ['socket_gateway_feed_messages_total', { channel: 'enriched:underlying' }, '0+60x40'],
        ],
        between: [7, 9],
        of: 'release',
        summary: '1 products have stopped',
      },
      {
        when: 'the feed has been silent since the start',
        series: [
          ['socket_gateway_stale_products', {}, '3x40'],
          ['socket_gateway_unseen_products', {}, '3x40'],
          ['socket_gateway_feed_messages_total', { channel: 'enriched:underlying' }, '0x40'],
        ],
        between: [2, 4],
        of: 'release',
        summary: '3 products have stopped',
      },
    ],
    quiet: [
      {
        when: 'products never had an update while others have',
        series: [
          ['socket_gateway_stale_products', {}, '4x120'],
          ['socket_gateway_unseen_products', {}, '4x120'],
          ['socket_gateway_feed_messages_total', { channel: 'enriched:underlying' }, '0+60x120'],
          ['socket_gateway_feed_messages_total', { channel: 'enriched:option_chain' }, '0x120'],
        ],
      },
      {
        when: 'a pod that has just started has not seen the products that another one has',
        series: [
          ['socket_gateway_stale_products', {}, '0x60'],
          ['socket_gateway_unseen_products', {}, '0x60'],
          ['socket_gateway_feed_messages_total', { channel: 'enriched:underlying' }, '0+60x60'],
          ['socket_gateway_stale_products', {}, '3x60', 'other'],
          ['socket_gateway_unseen_products', {}, '3x60', 'other'],
          ['socket_gateway_feed_messages_total', { channel: 'enriched:underlying' }, '0x60', 'other'],
        ],
      },
      {
        when: 'a product stopped for a minute',
        series: [
          ['socket_gateway_stale_products', {}, '0x5 1 0x20'],
          ['socket_gateway_unseen_products', {}, '0x30'],
          ['socket_gateway_feed_messages_total', { channel: 'enriched:underlying' }, '0+60x30'],
        ],
      },
    ],
  },
  SocketGatewayFeedRejected: {
    fires: [
      {
        when: 'messages are rejected for minutes',
        series: [['socket_gateway_feed_rejected_total', { reason: 'not_json' }, '0x5 0+1x20']],
        between: [10, 13],
        of: 'release',
        labels: { reason: 'not_json' },
        summary: 'Messages of the feed are rejected: not_json',
      },
    ],
    quiet: [
      {
        when: 'one message was rejected',
        series: [['socket_gateway_feed_rejected_total', { reason: 'not_json' }, '0x5 1x20']],
      },
    ],
  },
  SocketGatewayBridgeLag: {
    fires: [
      {
        when: 'updates arrive after more than a second',
        series: [
          ['socket_gateway_bridge_lag_seconds_bucket', { kind: 'underlying', le: '1' }, '0x20'],
          ['socket_gateway_bridge_lag_seconds_bucket', { kind: 'underlying', le: '5' }, '0+60x20'],
          ['socket_gateway_bridge_lag_seconds_bucket', { kind: 'underlying', le: '+Inf' }, '0+60x20'],
        ],
        between: [5, 7],
        of: 'pod',
        summary: 'POD gets updates late',
      },
    ],
    quiet: [
      {
        when: 'updates arrive at once',
        series: [
          ['socket_gateway_bridge_lag_seconds_bucket', { kind: 'underlying', le: '1' }, '0+60x20'],
          ['socket_gateway_bridge_lag_seconds_bucket', { kind: 'underlying', le: '+Inf' }, '0+60x20'],
        ],
      },
      {
        when: 'there are no updates',
        series: [
          ['socket_gateway_bridge_lag_seconds_bucket', { kind: 'underlying', le: '1' }, '0x20'],
          ['socket_gateway_bridge_lag_seconds_bucket', { kind: 'underlying', le: '+Inf' }, '7x20'],
        ],
      },
    ],
  },
  SocketGatewaySlowClients: {
    fires: [
      {
        when: 'a quarter of many clients lags',
        series: [
          ['socket_gateway_lagging_clients', {}, '50x20'],
          ['socket_gateway_connections', {}, '200x20'],
        ],
        between: [4, 6],
        of: 'pod',
        summary: '25% of the clients of POD do not keep up',
      },
    ],
    quiet: [
      {
        when: 'half of a few clients lags',
        series: [
          ['socket_gateway_lagging_clients', {}, '40x20'],
          ['socket_gateway_connections', {}, '80x20'],
        ],
      },
      {
        when: 'few of many clients lag',
        series: [
          ['socket_gateway_lagging_clients', {}, '40x20'],
          ['socket_gateway_connections', {}, '2000x20'],
        ],
      },
    ],
  },
  SocketGatewaySlowClientsClosed: {
    fires: [
      {
        when: 'two clients a second are closed',
        series: [['socket_gateway_slow_clients_closed_total', { reason: 'lag' }, '0+120x40']],
        between: [10, 20],
        of: 'pod',
        summary: 'POD closes clients that do not read',
      },
    ],
    quiet: [
      {
        when: 'a client is closed every two seconds',
        series: [['socket_gateway_slow_clients_closed_total', { reason: 'lag' }, '0+30x40']],
      },
    ],
  },
  SocketGatewayLoopDelay: {
    fires: [
      {
        when: 'the loop is late for minutes',
        series: [['nodejs_eventloop_lag_p99_seconds', {}, '0.5x20']],
        between: [4, 6],
        of: 'pod',
        summary: 'The event loop of POD is late by 500ms',
      },
    ],
    quiet: [
      { when: 'the loop is not late', series: [['nodejs_eventloop_lag_p99_seconds', {}, '0.02x20']] },
      {
        when: 'it was late for a moment',
        series: [['nodejs_eventloop_lag_p99_seconds', {}, '0.02x5 1x2 0.02x20']],
      },
    ],
  },
  SocketGatewayOverloaded: {
    fires: [
      {
        when: 'new clients are rejected for lack of memory',
        series: [
          ['socket_gateway_overloaded', { reason: 'memory' }, '1x20'],
          ['socket_gateway_overloaded', { reason: 'event_loop_delay' }, '0x20'],
        ],
        between: [1, 3],
        of: 'pod',
        labels: { reason: 'memory' },
        summary: 'POD accepts no new clients: memory',
      },
    ],
    quiet: [
      {
        when: 'it was overloaded for a minute',
        series: [['socket_gateway_overloaded', { reason: 'memory' }, '0x5 1 0x20']],
      },
    ],
  },
  SocketGatewayNearConnectionCap: {
    fires: [
      {
        when: 'nine tenths of the connections are in use',
        series: [
          ['socket_gateway_connections', {}, '900x20'],
          ['socket_gateway_max_connections', {}, '1000x20'],
        ],
        between: [4, 6],
        of: 'pod',
        summary: 'POD has 90% of its MAX_CONNECTIONS clients',
      },
    ],
    quiet: [
      {
        when: 'another pod has few connections left, and this one many',
        series: [
          ['socket_gateway_connections', {}, '800x20'],
          ['socket_gateway_max_connections', {}, '1000x20'],
          ['socket_gateway_connections', {}, '900x20', 'other'],
          ['socket_gateway_max_connections', {}, '9000x20', 'other'],
        ],
      },
    ],
  },
  SocketGatewayRefusesHandshakes: {
    fires: [
      {
        when: 'two clients a second are rejected because the gateway is full',
        series: [['socket_gateway_handshakes_refused_total', { reason: 'max_connections' }, '0+120x20']],
        between: [5, 12],
        of: 'pod',
        labels: { reason: 'max_connections' },
        summary: 'POD rejects new clients: max_connections',
      },
    ],
    quiet: [
      {
        when: 'the clients are at fault',
        series: [
          ['socket_gateway_handshakes_refused_total', { reason: 'malformed' }, '0+600x20'],
          ['socket_gateway_handshakes_refused_total', { reason: 'origin' }, '0+600x20'],
        ],
      },
      {
        when: 'a client is rejected every two seconds',
        series: [['socket_gateway_handshakes_refused_total', { reason: 'rate' }, '0+30x20']],
      },
    ],
  },
  SocketGatewayRestarts: {
    fires: [
      {
        when: 'a pod started twice in half an hour',
        series: [['process_start_time_seconds', {}, '100x5 400x5 700x10']],
        between: [11, 12],
        of: 'pod',
        summary: 'POD, or a worker of it, was restarted 2 times in half an hour',
      },
      {
        when: 'workers died twice in half an hour',
        series: [['socket_gateway_worker_restarts_total', { reason: 'hung' }, '0x5 1x5 2x20']],
        between: [11, 12],
        of: 'pod',
        summary: 'POD, or a worker of it, was restarted 2 times in half an hour',
      },
    ],
    quiet: [
      { when: 'it started once', series: [['process_start_time_seconds', {}, '100x5 400x30']] },
      {
        when: 'it started twice in an hour',
        series: [['process_start_time_seconds', {}, '100x5 400x40 2900x20']],
      },
    ],
  },
  SocketGatewayRedisErrors: {
    fires: [
      {
        when: 'a connection fails for minutes',
        series: [['socket_gateway_redis_errors_total', { connection: 'feed', kind: 'silent' }, '0x5 0+1x20']],
        between: [10, 13],
        of: 'pod',
        labels: { connection: 'feed', kind: 'silent' },
        summary: 'POD has trouble with Redis: silent (feed)',
      },
    ],
    quiet: [
      {
        when: 'it failed once',
        series: [['socket_gateway_redis_errors_total', { connection: 'feed', kind: 'silent' }, '0x5 1x20']],
      },
    ],
  },
  SocketGatewayKeysMissing: {
    fires: [
      {
        when: 'a pod never had keys',
        series: [['socket_gateway_keys_missing', {}, '1x20']],
        between: [4, 6],
        of: 'pod',
        summary: 'POD cannot check tokens',
      },
      {
        when: 'a pod rejects tokens because the keys cannot be fetched',
        series: [
          ['socket_gateway_keys_missing', {}, '0x30'],
          [
            'socket_gateway_authentications_total',
            { at: 'connect', result: 'AUTH_UNAVAILABLE' },
            '0x5 0+10x20',
          ],
        ],
        between: [10, 13],
        of: 'pod',
        summary: 'POD cannot check tokens',
      },
    ],
    quiet: [
      {
        when: 'clients have invalid tokens',
        series: [
          ['socket_gateway_keys_missing', {}, '0x20'],
          ['socket_gateway_authentications_total', { at: 'connect', result: 'AUTH_FAILED' }, '0+60x20'],
          ['socket_gateway_authentications_total', { at: 'connect', result: 'AUTH_UNAVAILABLE' }, '0x20'],
        ],
      },
    ],
  },
  SocketGatewayFileDescriptors: {
    fires: [
      {
        when: 'nine tenths are in use',
        series: [
          ['process_open_fds', {}, '900x20'],
          ['process_max_fds', {}, '1000x20'],
        ],
        between: [4, 6],
        of: 'pod',
        summary: 'POD has 90% of its file descriptors in use',
      },
    ],
    quiet: [
      {
        when: 'half are in use',
        series: [
          ['process_open_fds', {}, '500x20'],
          ['process_max_fds', {}, '1000x20'],
        ],
      },
    ],
  },
  SocketGatewayCertificateEnds: {
    fires: [
      {
        when: 'it expires in a day', // the tests of promtool begin in 1970
        series: [['socket_gateway_certificate_expires_timestamp_seconds', {}, '86400x30']],
        between: [9, 11],
        of: 'pod',
        summary: 'The TLS certificate of POD expires at 1970-01-02 00:00:00 +0000 UTC',
      },
    ],
    quiet: [
      {
        when: 'it expires in eight days',
        series: [['socket_gateway_certificate_expires_timestamp_seconds', {}, '691200x30']],
      },
      {
        when: 'the gateway has no certificate',
        series: [['socket_gateway_certificate_expires_timestamp_seconds', {}, '0x30']],
      },
    ],
  },
  SocketGatewayFanoutDegraded: {
    fires: [
      {
        when: 'messages are sent one by one',
        series: [['socket_gateway_fanout_degraded', {}, '1x30']],
        between: [9, 11],
        of: 'pod',
        summary: 'POD sends messages one by one',
      },
    ],
    quiet: [{ when: 'they are sent together', series: [['socket_gateway_fanout_degraded', {}, '0x30']] }],
  },
};
