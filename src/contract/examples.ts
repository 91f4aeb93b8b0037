import type { TrafficStats } from './admin-stats.js';
import type { ChainView } from './chain-view.js';
import type { History } from './history.js';
import { CONNECTED_MESSAGE, type ChainUpdate, type OptionLeg } from './payloads.js';
import {
  CLOSINGS,
  type ConnectRejection,
  type ErrorPayload,
  INVALID_SUBSCRIPTION_MESSAGE,
} from './errors.js';
import type { ClientEvent, ClientToServerEvents, ServerEvent, ServerToClientEvents } from './events.js';
import { SYMBOL_RULE } from './symbol.js';

/** An example message for the documents. Its shape and size are those of the real feed. */
export interface Example<T> {
  readonly name: string;
  readonly payload: T;
}

/** The payload of an event; `undefined` if it has none. */
type PayloadOf<F> = F extends (payload: infer P, ...rest: never[]) => void
  ? [NonNullable<P>] extends [(...args: never[]) => unknown]
    ? undefined
    : P
  : never;

/** The content of the acknowledgement of an event. */
type AnswerOf<F extends (...args: never[]) => void> =
  Required<Parameters<F>> extends [...unknown[], (answer: infer T) => void] ? T : never;

const TRAFFIC: TrafficStats = {
  clients: 1204,
  lagging_clients: 2,
  rooms: [
    { room: 'general', clients: 1180 },
    { room: 'chain:NIFTY:2026-11-26', clients: 412 },
  ],
  rates: {
    feed_messages: 24,
    client_messages: 3,
    broadcasts: 40,
    deliveries: 28_310,
    written_bytes: 9_120_331,
    conflated: 12,
    connections: 1,
    disconnections: 0,
  },
  counts: {
    conflated: 4410,
    disconnections: { 'transport close': 310 },
    closed: { TOO_SLOW: 2 },
    slow_closed: { stalled: 2 },
    handshakes_refused: {},
    requests_refused: { INVALID_SYMBOL: 4 },
  },
  latency: {
    end_to_end: { p50_ms: 4.1, p90_ms: 8.2, p99_ms: 21.5, samples: 400 },
    relay: { p50_ms: 1.2, p90_ms: 2.4, p99_ms: 6.3, samples: 400 },
    flush: { p50_ms: 0.9, p90_ms: 1.8, p99_ms: 4.4, samples: 310 },
  },
};

const TIMESTAMP = '2026-11-22T04:43:39.340966';

const CALL = {
  symbol: 'NIFTY20261126C21000',
  product: 'NIFTY',
  strike: 21000,
  expiry: '2026-11-26',
  option_type: 'CALL',
  bid: 708.16,
  ask: 723.7,
  last: 715.93,
  volume: 5252,
  open_interest: 20859,
  delta: 0.8,
  gamma: 0.005,
  vega: 19.4939,
  theta: -238.6448,
  iv: 0.2293,
  timestamp: '2026-11-22T04:43:39.340379',
} as const satisfies OptionLeg;

const PUT = {
  ...CALL,
  symbol: 'NIFTY20261126P21000',
  option_type: 'PUT',
  bid: 186,
  ask: 191.58,
  last: 188.79,
  volume: 9335,
  open_interest: 30560,
  delta: -0.8,
  theta: -62.9293,
  iv: 0.248,
  timestamp: '2026-11-22T04:43:39.340422',
} as const satisfies OptionLeg;

const SUMMARY = {
  product: 'NIFTY',
  expiry: '2026-11-26',
  spot_price: 21502.24,
  pcr_oi: 0.9464,
  pcr_volume: 1.0259,
  max_pain_strike: 21400,
  atm_straddle_price: 449.33,
  timestamp: TIMESTAMP,
} as const;

const PRICES = {
  type: 'product',
  symbol: 'NIFTY',
  expiry: null,
  resolution: 'raw',
  columns: ['timestamp', 'price'],
  updates: [
    ['2026-11-22T04:43:38.330112', 21501.75],
    ['2026-11-22T04:43:39.333273', 21502.24],
  ],
  gaps: [0],
  next: 'b1795322618330-1119999999-5c1f09ae',
} as const satisfies History;

const PORTFOLIOS = {
  type: 'portfolio',
  symbol: null,
  expiry: null,
  resolution: 'raw',
  columns: ['timestamp', 'total_pnl', 'margin.used'],
  updates: [
    ['2026-11-22T04:43:38.330112', 1922, 40000],
    ['2026-11-22T04:43:39.333273', 1930.5, null],
  ],
  gaps: [0],
  next: null,
} as const satisfies History;

const NO_PRICES = {
  type: 'product',
  symbol: 'nifty',
  expiry: null,
  resolution: 'raw',
  columns: ['timestamp', 'price'],
  updates: [],
  next: null,
  known: false,
} as const satisfies History;

const CHAIN = {
  ...SUMMARY,
  atm_strike: 21500,
  total_call_oi: 1146062,
  total_put_oi: 1084590,
  call_buildup_otm: 489448,
  put_buildup_otm: 635560,
  calls: [CALL],
  puts: [PUT],
  strikes: [21000],
  processed_at: '2026-11-22T04:43:39.355332',
} as const satisfies ChainUpdate;

const VIEW = { mode: 'quote', strikes: 10, max_rate: 2 } as const;
const VIEW_ROOM = 'chain:NIFTY:2026-11-26@quote.10.2hz';

const CHAIN_VIEW = {
  ...SUMMARY,
  atm_strike: 21500,
  total_call_oi: 1146062,
  total_put_oi: 1084590,
  call_buildup_otm: 489448,
  put_buildup_otm: 635560,
  processed_at: '2026-11-22T04:43:39.355332',
  view: { mode: 'quote', strikes: 10 },
  strikes: [21000, 21050],
  calls: {
    last: [715.93, 676.42],
    bid: [708.16, 664.79],
    ask: [723.7, 688.05],
    volume: [5252, 9447],
    open_interest: [20859, 37170],
  },
  puts: {
    last: [188.79, null],
    bid: [186, null],
    ask: [191.58, null],
    volume: [9335, null],
    open_interest: [30560, null],
  },
} as const satisfies ChainView;

const MALFORMED_SYMBOL = {
  message: INVALID_SUBSCRIPTION_MESSAGE,
  code: 'INVALID_SYMBOL',
  event: 'subscribe',
  details: [{ field: 'symbol', problem: `must be ${SYMBOL_RULE}` }],
} as const satisfies ErrorPayload;

const TOO_MANY_UNKNOWN = {
  message:
    'More than 250 of your rooms would be of products that this gateway has never seen. Subscribe again after ' +
    'retry_after_ms to the rooms that `rooms` names; you may subscribe to the others now.',
  code: 'TOO_MANY_SUBSCRIPTIONS',
  event: 'subscribe',
  details: [
    {
      field: 'symbols',
      problem: 'must not bring the subscriptions to products that the gateway has never seen above 250',
    },
  ],
  retry_after_ms: 41_250,
  rooms: ['product:NEWCO', 'product:NEWCORP'],
} as const satisfies ErrorPayload;

const { closeCode: _, ...TOO_SLOW } = CLOSINGS.TOO_SLOW;

/** Examples of each event that clients send. */
export const CLIENT_EXAMPLES = {
  subscribe: [
    { name: 'product', payload: { type: 'product', symbol: 'NIFTY' } },
    { name: 'batch', payload: { type: 'product', symbols: ['NIFTY', 'BANKNIFTY', 'M&M'] } },
    { name: 'chain', payload: { type: 'chain', symbol: 'NIFTY', expiry: '2026-11-26' } },
    { name: 'general', payload: { type: 'general' } },
    { name: 'heartbeat', payload: { type: 'heartbeat', every_ms: 2000 } },
    { name: 'portfolio', payload: { type: 'portfolio' } },
    { name: 'admin', payload: { type: 'admin' } },
    { name: 'view', payload: { type: 'chain', symbol: 'NIFTY', expiry: '2026-11-26', view: VIEW } },
    { name: 'rate', payload: { type: 'product', symbols: ['NIFTY', 'BANKNIFTY'], view: { max_rate: 1 } } },
    { name: 'resume', payload: { type: 'product', symbol: 'NIFTY', since: TIMESTAMP } },
    {
      name: 'resume of a batch',
      payload: {
        type: 'product',
        symbols: ['NIFTY', 'BANKNIFTY'],
        since: { NIFTY: TIMESTAMP, BANKNIFTY: '2026-11-22T04:43:39.341102' },
      },
    },
  ],
  unsubscribe: [
    { name: 'product', payload: { type: 'product', symbol: 'NIFTY' } },
    { name: 'general', payload: { type: 'general' } },
  ],
  get_products: [],
  list_subscriptions: [],
  get_snapshot: [
    { name: 'chain', payload: { type: 'chain', symbol: 'NIFTY', expiry: '2026-11-26' } },
    { name: 'batch', payload: { type: 'product', symbols: ['NIFTY', 'BANKNIFTY'] } },
  ],
  get_history: [
    { name: 'newest prices', payload: { type: 'product', symbol: 'NIFTY', limit: 1000 } },
    {
      name: 'bars from a time',
      payload: { type: 'product', symbol: 'NIFTY', from: '2026-11-22T03:45:00Z', resolution: '5m' },
    },
    { name: 'summaries', payload: { type: 'summary', symbol: 'NIFTY', expiry: '2026-11-26' } },
    { name: 'opening', payload: { type: 'opening', symbol: 'NIFTY', expiry: '2026-11-26' } },
    { name: 'portfolios', payload: { type: 'portfolio', limit: 500 } },
  ],
  refresh_token: [
    { name: 'token', payload: { token: 'eyJhbGciOiJFUzI1NiJ9.eyJ1c2VyX2lkIjoiNDIifQ.c2lnbmF0dXJl' } },
  ],
  get_heartbeat: [],
  latency_echo: [{ name: 'answer', payload: { id: 'Yk3xQ0vTa_8b' } }],
} as const satisfies {
  readonly [E in ClientEvent]: readonly Example<PayloadOf<ClientToServerEvents[E]>>[];
};

/** Examples of the acknowledgement of each successful request. */
export const ACKNOWLEDGEMENT_EXAMPLES = {
  subscribe: [
    { name: 'done', payload: { ok: true, rooms: ['product:NIFTY'] } },
    {
      name: 'nothing known',
      payload: { ok: true, rooms: ['product:nifty'], suggestions: { nifty: 'NIFTY' } },
    },
    { name: 'heartbeat', payload: { ok: true, rooms: ['heartbeat'], every_ms: 2000 } },
    { name: 'view', payload: { ok: true, rooms: [VIEW_ROOM], view: VIEW } },
  ],
  unsubscribe: [{ name: 'done', payload: { ok: true, rooms: ['product:NIFTY'] } }],
  get_products: [
    { name: 'done', payload: { ok: true, rooms: ['general'], products: ['NIFTY', 'BANKNIFTY'] } },
  ],
  list_subscriptions: [{ name: 'done', payload: { ok: true, rooms: ['general', 'product:NIFTY'] } }],
  get_snapshot: [
    {
      name: 'done',
      payload: {
        ok: true,
        rooms: ['chain:NIFTY:2026-11-26'],
        snapshots: [{ room: 'chain:NIFTY:2026-11-26', updates: 1 }],
      },
    },
  ],
  get_history: [
    { name: 'done', payload: { ok: true, rooms: ['product:NIFTY'], ...PRICES } },
    {
      name: 'nothing known',
      payload: {
        ok: true,
        rooms: ['product:nifty'],
        ...NO_PRICES,
        suggestions: { nifty: 'NIFTY' },
      },
    },
  ],
  refresh_token: [{ name: 'done', payload: { ok: true, rooms: ['general'], expires_at: 1795329819 } }],
  get_heartbeat: [
    {
      name: 'done',
      payload: {
        ok: true,
        rooms: [],
        server_time: 1795322621.354,
        feed: 'up',
        market: 'open',
        queue_ms: 0,
      },
    },
  ],
  latency_echo: [],
} as const satisfies {
  readonly [E in ClientEvent]: readonly Example<AnswerOf<ClientToServerEvents[E]>>[];
};

/** An example of the acknowledgement of a refused request. */
export const REFUSAL_EXAMPLE = { ok: false, error: MALFORMED_SYMBOL } as const;

/** An example of the `connect_error` of a refused client. */
export const CONNECT_REFUSAL_EXAMPLE = {
  message: 'The token has expired. Get a new one.',
  data: { code: 'TOKEN_EXPIRED', message: 'The token has expired. Get a new one.' },
} as const satisfies ConnectRejection;

/** Examples of each event that the gateway sends. */
export const SERVER_EXAMPLES = {
  connected: [
    {
      name: 'by token',
      payload: {
        message: CONNECTED_MESSAGE,
        client_id: 'BvK3x0Qd5xUo1TtHAAAB',
        replica: 'gateway-6d5f9c7b8-x2x7q',
        rooms: ['general'],
        server_time: 1795322619.354,
        limits: {
          max_symbols_per_request: 100,
          max_subscriptions: 1000,
          max_payload_bytes: 65536,
          max_symbol_length: 32,
          events_per_second: 50,
          event_burst: 1200,
          work_per_second: 1000,
          work_burst: 10000,
          max_unknown_subscriptions: 250,
          max_chains_per_snapshot: 64,
          heartbeat_ms: 1000,
          max_history_rows: 5000,
          history_seconds: 3600,
          max_connections_per_user: 100,
          max_connections_per_ip: null,
        },
        user: { user_id: '42', role: 'user', expires_at: 1795326219 },
      },
    },
  ],
  subscribed: [
    { name: 'product', payload: { room: 'product:NIFTY', message: 'Subscribed to product:NIFTY' } },
    {
      name: 'more expiries than a snapshot has',
      payload: { room: 'chain:SPX', message: 'Subscribed to chain:SPX', updates: 64, available: 90 },
    },
    {
      name: 'nothing known',
      payload: { room: 'product:nifty', message: 'Subscribed to product:nifty', known: false },
    },
    {
      name: 'heartbeat',
      payload: { room: 'heartbeat', message: 'Subscribed to heartbeat', every_ms: 2000 },
    },
    {
      name: 'view',
      payload: { room: VIEW_ROOM, message: `Subscribed to ${VIEW_ROOM}`, view: VIEW },
    },
    {
      name: 'resumed',
      payload: {
        room: 'product:NIFTY',
        message: 'Subscribed to product:NIFTY',
        recovered: true,
        replayed: 3,
      },
    },
    {
      name: 'not resumed',
      payload: { room: 'product:NIFTY', message: 'Subscribed to product:NIFTY', recovered: false },
    },
    {
      name: 'chain resumed',
      payload: {
        room: 'chain:NIFTY',
        message: 'Subscribed to chain:NIFTY',
        recovered: true,
        replayed: 2,
        conflated: true,
      },
    },
  ],
  unsubscribed: [
    { name: 'product', payload: { room: 'product:NIFTY', message: 'Unsubscribed from product:NIFTY' } },
  ],
  products: [
    {
      name: 'products',
      payload: { products: ['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX', 'AAPL', 'TSLA', 'SPY', 'QQQ'] },
    },
  ],
  subscriptions: [
    { name: 'subscriptions', payload: { rooms: ['general', 'product:NIFTY', 'chain:NIFTY:2026-11-26'] } },
  ],
  snapshot: [
    { name: 'known', payload: { room: 'chain:NIFTY', updates: 2 } },
    { name: 'nothing known', payload: { room: 'product:NEWCOMER', updates: 0 } },
    {
      name: 'more expiries than a snapshot has',
      payload: { room: 'chain:SPX', updates: 64, available: 90 },
    },
  ],
  history: [
    { name: 'prices', payload: PRICES },
    {
      name: 'opening',
      payload: {
        type: 'opening',
        symbol: 'NIFTY',
        expiry: '2026-11-26',
        resolution: 'raw',
        columns: ['timestamp', 'strike', 'call_open_interest', 'call_last', 'put_open_interest', 'put_last'],
        updates: [
          ['2026-11-22T03:45:02.118730', 21500, 51250, 231.4, 48100, 218.05],
          ['2026-11-22T03:45:02.118730', 21600, 60875, 180.15, 39425, 266.8],
        ],
        next: null,
      },
    },
    { name: 'portfolios', payload: PORTFOLIOS },
    { name: 'nothing known', payload: NO_PRICES },
    {
      name: 'bars',
      payload: {
        type: 'product',
        symbol: 'NIFTY',
        expiry: null,
        resolution: '1m',
        columns: ['timestamp', 'open', 'high', 'low', 'close', 'count'],
        bars: [
          ['2026-11-22T04:42:00.000Z', 21498.1, 21503.9, 21497.25, 21501.75, 59],
          ['2026-11-22T04:43:00.000Z', 21501.6, 21504.5, 21500.1, 21502.24, 39],
        ],
        next: null,
      },
    },
  ],
  underlying_update: [
    {
      name: 'price',
      payload: {
        type: 'UNDERLYING_ENRICHED',
        product: 'NIFTY',
        price: 21502.24,
        timestamp: '2026-11-22T04:43:39.333273',
        processed_at: '2026-11-22T04:43:39.353886',
      },
    },
  ],
  chain_summary: [{ name: 'summary', payload: SUMMARY }],
  chain_update: [{ name: 'chain of one strike', payload: CHAIN }],
  chain_view: [{ name: 'quotes of two strikes, one without a put', payload: CHAIN_VIEW }],
  feed_status: [
    {
      name: 'stale',
      payload: { product: 'NIFTY', status: 'stale', last_update: '2026-11-22T04:43:39.412Z', age_ms: 15210 },
    },
    {
      name: 'never priced',
      payload: { product: 'NEWCOMER', status: 'stale', last_update: null, age_ms: null },
    },
  ],
  feed_statuses: [
    {
      name: 'two products',
      payload: {
        statuses: [
          { product: 'NIFTY', status: 'stale', last_update: '2026-11-22T04:43:39.412Z', age_ms: 15210 },
          { product: 'SENSEX', status: 'stale', last_update: '2026-11-22T04:43:38.907Z', age_ms: 15715 },
        ],
      },
    },
  ],
  feed_gap: [
    {
      name: 'two seconds',
      payload: { since: '2026-11-22T04:43:39.412Z', until: '2026-11-22T04:43:41.530Z' },
    },
    {
      name: 'of portfolios',
      payload: { since: '2026-11-22T04:43:39.412Z', until: '2026-11-22T04:43:41.530Z', room: 'portfolio' },
    },
  ],
  chain_status: [
    {
      name: 'stale',
      payload: {
        product: 'NIFTY',
        expiry: '2026-11-26',
        status: 'stale',
        last_update: '2026-11-22T04:43:39.412Z',
        age_ms: 60210,
      },
    },
    {
      name: 'no chain known',
      payload: { product: 'NEWCOMER', expiry: null, status: 'stale', last_update: null, age_ms: null },
    },
  ],
  portfolio_update: [
    {
      name: 'two positions',
      payload: {
        user_id: 'user-1',
        timestamp: TIMESTAMP,
        currency: 'INR',
        positions: [
          {
            symbol: 'NIFTY20261126C21000',
            quantity: 50,
            average_price: 690.2,
            last_price: 715.93,
            pnl: 1286.5,
          },
          {
            symbol: 'NIFTY20261126P21000',
            quantity: -50,
            average_price: 201.5,
            last_price: 188.79,
            pnl: 635.5,
          },
        ],
        total_pnl: 1922,
        processed_at: '2026-11-22T04:43:39.355332',
      },
    },
  ],
  portfolio_status: [
    {
      name: 'stale',
      payload: { status: 'stale', last_update: '2026-11-22T04:43:39.412Z', age_ms: 60210 },
    },
    { name: 'no portfolio known', payload: { status: 'stale', last_update: null, age_ms: null } },
  ],
  heartbeat: [
    {
      name: 'quiet',
      payload: { server_time: 1795322621.354, feed: 'up', market: 'open', queue_ms: 0 },
    },
    {
      name: 'feed lost',
      payload: { server_time: 1795322621.354, feed: 'down', market: 'open', queue_ms: 0 },
    },
  ],
  latency_probe: [{ name: 'probe', payload: { id: 'Yk3xQ0vTa_8b', sent_at: 1795322621.354 } }],
  market_status: [
    { name: 'closed', payload: { status: 'closed', until: '2026-11-23T03:30:00.000Z' } },
    {
      name: 'product with hours of its own',
      payload: { product: 'AAPL', status: 'open', until: '2026-11-23T21:00:00.000Z' },
    },
  ],
  lagging: [{ name: 'eight seconds', payload: { dropped: 4212, since_ms: 8350 } }],
  token_expiring: [{ name: 'in a minute', payload: { expires_in_ms: 61250, expires_at: 1795326219 } }],
  token_refreshed: [{ name: 'for an hour', payload: { expires_at: 1795329819 } }],
  notice: [
    {
      name: 'of maintenance',
      payload: {
        level: 'warning',
        text: 'Prices of SENSEX are delayed. We are working on it.',
        link: 'https://status.example.com/',
        sent_at: 1795236219.341,
      },
    },
  ],
  admin_stats: [
    {
      name: 'one replica reports, one is missing',
      payload: {
        server_time: 1795236219.341,
        replica: 'gateway-7d9f-abcde',
        total: TRAFFIC,
        replicas: [
          {
            ...TRAFFIC,
            replica: 'gateway-7d9f-abcde',
            version: '0.1.0',
            node: '24.11.0',
            started_at: 1795190000,
            state: 'serving',
            feed: 'up',
            stale_products: ['SENSEX'],
            redis_problems: {},
            cpu: 0.21,
            rss_bytes: 412_090_368,
            event_loop_delay_ms: 12.4,
          },
        ],
        missing: [{ replica: 'gateway-7d9f-fghij', silent_ms: 4200 }],
        products: [
          { product: 'SENSEX', status: 'stale', age_ms: 48_310 },
          { product: 'NIFTY', status: 'live', age_ms: 210 },
        ],
      },
    },
  ],
  server_draining: [{ name: 'in six seconds', payload: { reconnect_in_ms: 6120 } }],
  closing: [{ name: 'too slow', payload: { code: 'TOO_SLOW', ...TOO_SLOW } }],
  error: [
    { name: 'malformed symbol', payload: MALFORMED_SYMBOL },
    { name: 'too many unknown products', payload: TOO_MANY_UNKNOWN },
  ],
} as const satisfies {
  readonly [E in ServerEvent]: readonly Example<PayloadOf<ServerToClientEvents[E]>>[];
};
