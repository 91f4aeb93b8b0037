import type { ErrorCode, ErrorPayload } from '../../../src/contract/index.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { chain, STRIKES, summary, underlying } from '../../support/messages.js';
import { OPTION_CHAIN, Platform, UNDERLYING } from '../../support/platform.js';
import { askRaw, sendRaw } from '../../support/raw-packet.js';
import { RedisServer } from '../../support/redis-server.js';
import { TestClient, TRANSPORTS } from '../../support/test-client.js';
import { waitFor } from '../../support/wait.js';

/** A marker in the client's input that must not appear in any response. */
const ECHO = 'Ech0Ech0';
/** The clients of these tests send requests faster than any front end. */
const MANY_EVENTS = { EVENTS_PER_SECOND: '10000', EVENT_BURST: '100000' };
const MEGABYTE = ECHO.repeat(131_072);
/** Too deep for the recursion of JSON.stringify, so it is sent as text. */
const DEEP = '['.repeat(20_000) + ']'.repeat(20_000);

const expectAlive = async (gateway: GatewayProcess): Promise<void> => {
  expect(gateway.exitCode).toBeNull();
  expect((await gateway.get('/health')).status).toBe(200);
  expect(gateway.stderr).toBe('');
  expect(gateway.logs.filter(({ level = 0 }) => level >= 50)).toEqual([]);
};

describe('what clients send', () => {
  interface BadRequest {
    readonly name: string;
    readonly code: ErrorCode;
    /** The fields that `details` names, in order. */
    readonly fields: readonly string[];
    /** The arguments after the event's name. */
    readonly args?: readonly unknown[];
    /** JSON text that is sent as it is, in place of `args`. */
    readonly json?: string;
  }

  const notAnObject = (name: string, ...args: unknown[]): BadRequest => ({
    name,
    code: 'INVALID_PAYLOAD',
    fields: ['payload'],
    args,
  });
  const bad = (code: ErrorCode, fields: string, name: string, request: unknown): BadRequest => ({
    name,
    code,
    fields: fields.split(' '),
    args: [request],
  });
  const badType = (name: string, type: unknown) =>
    bad('INVALID_TYPE', 'type', `type: ${name}`, { type, symbol: 'NIFTY' });
  const badSymbol = (name: string, symbol: unknown) =>
    bad('INVALID_SYMBOL', 'symbol', `symbol: ${name}`, { type: 'product', symbol });
  const badSymbols = (name: string, symbols: unknown) =>
    bad('INVALID_SYMBOL', 'symbols', `symbols: ${name}`, { type: 'chain', symbols });
  const tooMany = (count: number) =>
    bad('TOO_MANY_SYMBOLS', 'symbols', `symbols: ${count} of them`, {
      type: 'product',
      symbols: Array.from({ length: count }, (_, index) => `S${index}`),
    });
  const badExpiry = (name: string, expiry: unknown) =>
    bad('INVALID_EXPIRY', 'expiry', `expiry: ${name}`, { type: 'chain', symbol: 'NIFTY', expiry });

  const requests: readonly BadRequest[] = [
    notAnObject('no argument'),
    notAnObject('null', null),
    notAnObject('undefined', undefined),
    notAnObject('a number', 7),
    notAnObject('a string', ECHO),
    notAnObject('an empty string', ''),
    notAnObject('a string of JSON', JSON.stringify({ type: 'product', symbol: 'NIFTY' })),
    notAnObject('a string of 1 MB', MEGABYTE),
    notAnObject('true', true),
    notAnObject('an empty array', []),
    notAnObject('an array of objects', [{ type: 'product', symbol: 'NIFTY' }]),
    notAnObject('several arguments', 'product', 'NIFTY'),
    notAnObject('several objects', { type: 'product', symbol: 'NIFTY' }, { type: 'chain', symbol: 'NIFTY' }),
    notAnObject('bytes', Buffer.from(ECHO)),
    notAnObject('a megabyte of bytes', Buffer.alloc(1_000_000, 'A')),
    { name: '20,000 nested arrays', code: 'INVALID_PAYLOAD', fields: ['payload'], json: DEEP },

    bad(
      'INVALID_TYPE',
      'type symbol',
      'an object with __proto__',
      JSON.parse('{"__proto__":{"type":"product"}}'),
    ),
    bad(
      'INVALID_TYPE',
      'type symbol',
      'an object with constructor.prototype',
      JSON.parse('{"constructor":{"prototype":{"type":"product","symbol":"NIFTY"}}}'),
    ),
    bad(
      'INVALID_TYPE',
      'type symbol',
      'a whole request under __proto__',
      JSON.parse('{"__proto__":{"type":"product","symbol":"NIFTY"},"toString":null,"hasOwnProperty":1}'),
    ),
    // These requests come after the prototype ones: with a polluted prototype they would look
    // valid.
    bad('INVALID_TYPE', 'type symbol', 'an empty object', {}),
    bad('INVALID_TYPE', 'type symbol', 'a nested request', { data: { type: 'product', symbol: 'NIFTY' } }),
    bad('INVALID_TYPE', 'type', 'a missing type', { symbol: 'NIFTY' }),
    badType('unknown', ECHO),
    badType('of another case', 'Product'),
    badType('null', null),
    badType('a number', 0),
    badType('an array', ['product']),
    badType('an object', { product: true }),
    badType('__proto__', '__proto__'),
    badType('constructor', 'constructor'),
    badType('1 MB', MEGABYTE),
    bad('INVALID_TYPE', 'type symbol expiry', 'every field wrong', {
      type: 1,
      symbol: ECHO.repeat(9),
      expiry: 1,
    }),
    {
      name: 'type: 20,000 nested arrays',
      code: 'INVALID_TYPE',
      fields: ['type'],
      json: `{"type":${DEEP},"symbol":"NIFTY"}`,
    },

    bad('INVALID_SYMBOL', 'symbol', 'a missing symbol', { type: 'product' }),
    bad('INVALID_SYMBOL', 'symbol', 'symbol and symbols null', {
      type: 'chain',
      symbol: null,
      symbols: null,
    }),
    badSymbol('null', null),
    badSymbol('empty', ''),
    badSymbol('a number', 5),
    badSymbol('an array', ['NIFTY']),
    badSymbol('an object', { toString: 'NIFTY', length: 5 }),
    badSymbol('bytes', Buffer.from('NIFTY')),
    badSymbol('33 characters', 'A'.repeat(33)),
    badSymbol('5,000 characters', ECHO.repeat(625)),
    badSymbol('1 MB', MEGABYTE),
    badSymbol('a pattern of everything', '*'),
    badSymbol('a pattern', 'NIF*'),
    badSymbol('a pattern of one character', 'NIFT?'),
    badSymbol('a pattern of a class', '[A-Z]'),
    badSymbol('with a space', `${ECHO} NIFTY`),
    badSymbol('with a colon', 'NIFTY:2026-11-26'),
    badSymbol('with a newline', 'NIFTY\n'),
    badSymbol('with a zero byte', 'NIFTY\0'),
    badSymbol('beginning with -', '-NIFTY'),
    badSymbol('__proto__', '__proto__'),
    badSymbol('of another script', 'निफ्टी'),
    badSymbol('of markup', `<script>${ECHO}</script>`),
    {
      name: 'symbol: 20,000 nested arrays',
      code: 'INVALID_SYMBOL',
      fields: ['symbol'],
      json: `{"type":"product","symbol":${DEEP}}`,
    },

    badSymbols('empty', []),
    badSymbols('a string', 'NIFTY'),
    badSymbols('an object', { 0: 'NIFTY', length: 1 }),
    badSymbols('with a bad item', ['NIFTY', `${ECHO} `, 'TSLA']),
    badSymbols('with null', ['NIFTY', null]),
    badSymbols('nested', [['NIFTY']]),
    badSymbols('with an item of 1 MB', [MEGABYTE]),
    badSymbols('20,000 nested arrays, as text', [DEEP]),
    bad('INVALID_SYMBOL', 'symbol', 'a bad symbol among good symbols', {
      type: 'product',
      symbol: '*',
      symbols: ['NIFTY'],
    }),
    bad('INVALID_SYMBOL', 'symbols', 'a good symbol with bad symbols', {
      type: 'product',
      symbol: 'NIFTY',
      symbols: ['*'],
    }),
    tooMany(101),
    tooMany(100_000),

    badExpiry('no date', ECHO),
    badExpiry('empty', ''),
    badExpiry('a number', 20261126),
    badExpiry('a date that does not exist', '2026-02-30'),
    badExpiry('a time', '2026-11-26T00:00:00'),
    badExpiry('a pattern', '2026-11-*'),
    badExpiry('with a newline', '2026-11-26\n'),
    badExpiry('a list', ['2026-11-26']),
    badExpiry('1 MB', MEGABYTE),
    bad('INVALID_EXPIRY', 'expiry', 'expiry with a product', {
      type: 'product',
      symbol: 'NIFTY',
      expiry: '2026-11-26',
    }),
    bad('INVALID_EXPIRY', 'expiry', 'expiry with general', { type: 'general', expiry: '2026-11-26' }),
  ];

  const ofGeneral = (name: string, request: object) =>
    bad('INVALID_TYPE', ['type', ...Object.keys(request)].join(' '), name, { type: 'general', ...request });
  /** `general` has no snapshot. */
  const snapshotRequests: readonly BadRequest[] = [
    ...requests.filter(({ name }) => name !== 'expiry with general'),
    ofGeneral('general', {}),
    ofGeneral('general with an expiry', { expiry: '2026-11-26' }),
  ];

  /** Names of events that do not exist, and how the gateway quotes them. */
  const unknownEvents: readonly (readonly [name: string, json: string, quoted: string])[] = [
    ...['', 'Subscribe', 'subscribe ', 'message', 'connection', 'error', 'underlying_update', 'toString'],
    ...['__proto__', 'constructor', 'prototype', 'hasOwnProperty', '\0', '*'],
  ].map((name) => [JSON.stringify(name), JSON.stringify(name), name] as const);
  const longEvents: typeof unknownEvents = [
    ['the number 5', '5', '5'],
    ['the number 1e308', '1e308', '1e+308'],
    ['of 1 MB', JSON.stringify(MEGABYTE), `${MEGABYTE.slice(0, 64)}...`],
  ];

  let redis: RedisServer;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    redis = await RedisServer.start();
    // The gateway must read the inputs of one megabyte.
    gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      MAX_PAYLOAD_BYTES: '2097152',
      ...MANY_EVENTS,
    });
  });

  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  const refusals = (code: ErrorCode) => gateway.metric(`socket_gateway_client_errors_total{code="${code}"}`);

  // Plain WebSockets have no packets and attachments: transports/plain-websocket.e2e-spec.ts.
  describe.each(['websocket', 'polling'])('over %s', (transport) => {
    /** One connection sends the whole table: it must stay open after every entry. */
    let client: TestClient;
    let id: string | undefined;

    beforeAll(async () => {
      client = await TestClient.connect(gateway.url, TRANSPORTS[transport]);
      client.contract.sendsInvalid = true;
      id = client.socket.id;
    });

    afterAll(async () => {
      client?.close();
      await expectAlive(gateway);
      expect(await refusals('INTERNAL_ERROR')).toBe(0);
    });

    beforeEach(() => client.clear());

    afterEach(async () => {
      expect(client.disconnects).toEqual([]);
      expect(client.socket.id).toBe(id);
      const rooms = ['product:NIFTY'];
      expect(await client.ask('subscribe', { type: 'product', symbol: 'NIFTY' })).toEqual({
        ok: true,
        rooms,
      });
      expect((await client.ask('get_products')).rooms).toEqual(['general', ...rooms]);
      expect(await client.ask('unsubscribe', { type: 'product', symbol: 'NIFTY' })).toEqual({
        ok: true,
        rooms,
      });
    });

    describe.each([
      ['subscribe', requests],
      ['unsubscribe', requests],
      ['get_snapshot', snapshotRequests],
    ])('%s', (event, itsRequests) => {
      it.each(itsRequests)('rejects with $code: $name', async ({ code, fields, args = [], json }) => {
        const before = await refusals(code);
        const answer =
          json === undefined
            ? await client.ask(event, ...args)
            : await askRaw(client, `["${event}",${json}]`);

        const { error } = answer;
        expect(answer).toStrictEqual({ ok: false, error });
        expect(error).toStrictEqual({
          message: 'Invalid subscription request',
          code,
          event,
          details: fields.map((field) => expect.objectContaining({ field, problem: expect.any(String) })),
        });
        expect(client.received).toStrictEqual([{ event: 'error', payload: error }]);
        // Only a bad symbol comes back: cut, and without what could do harm where it is shown.
        const details = ((error as ErrorPayload).details ?? []).map(({ symbol = '', ...others }) => {
          expect(symbol).toMatch(/^[^<>"'`\p{C}]{0,43}$/u);
          return others;
        });
        expect(JSON.stringify({ ...error, details })).not.toContain(ECHO);
        expect(JSON.stringify(error).length).toBeLessThan(1_024);

        // Without an acknowledgement, only the event reports the problem.
        if (json === undefined) client.socket.emit(event, ...args);
        else sendRaw(client, `2["${event}",${json}]`);
        expect(await client.next('error', 2)).toStrictEqual(error);
        expect(await refusals(code)).toBe(before + 2);
      });
    });

    it.each([...unknownEvents, ...longEvents])(
      'rejects an event that does not exist, and quotes its name: %s',
      async (_, name, quoted) => {
        const before = await refusals('UNKNOWN_EVENT');
        const answer = await askRaw(client, `[${name},{"type":"product","symbol":"${ECHO}"}]`);
        const { error } = answer;
        expect(answer).toStrictEqual({ ok: false, error });
        expect(error).toStrictEqual({
          message:
            'The gateway has no event of this name. Use one of subscribe, unsubscribe, get_products, list_subscriptions, get_snapshot, get_history, refresh_token, get_heartbeat, latency_echo.',
          code: 'UNKNOWN_EVENT',
          event: quoted,
        });
        expect(client.received).toStrictEqual([{ event: 'error', payload: error }]);

        sendRaw(client, `2[${name}]`);
        expect(await client.next('error', 2)).toStrictEqual(error);
        expect(await refusals('UNKNOWN_EVENT')).toBe(before + 2);
      },
    );

    it.each([
      ['a type with unknown fields', { type: 'product', symbol: 'NIFTY', __proto: 1, [ECHO]: ECHO }],
      [
        'the most symbols',
        { type: 'product', symbols: Array.from({ length: 100 }, (_, index) => `S${index}`) },
      ],
      ['a megabyte in an ignored field', { type: 'product', symbol: 'NIFTY', note: MEGABYTE }],
    ])('takes %s', async (_, request) => {
      expect((await client.ask('subscribe', request)).ok).toBe(true);
      expect((await client.ask('unsubscribe', request)).ok).toBe(true);
      expect(client.all('error')).toEqual([]);
    });

    it.each(['get_products', 'list_subscriptions'])('accepts %s with any payload', async (event) => {
      expect((await client.ask(event, null, MEGABYTE, Buffer.from(ECHO))).ok).toBe(true);
      expect((await askRaw(client, `["${event}",${DEEP}]`)).ok).toBe(true);
      expect(client.all('error')).toEqual([]);
    });

    it('applies nothing of a batch that contains one bad symbol', async () => {
      await client.ask('subscribe', { type: 'product', symbols: ['TSLA', 'A B'] });
      expect((await client.ask('get_products')).rooms).toEqual(['general']);
      expect(client.all('subscribed')).toEqual([]);
    });

    it('names the symbol of a batch that is bad, and its index', async () => {
      const answer = await client.ask('subscribe', { type: 'product', symbols: ['TSLA', 'A B', 'SPY'] });
      expect(answer.error?.details).toEqual([
        { field: 'symbols', problem: expect.any(String) as string, index: 1, symbol: 'A B' },
      ]);
    });

    it.each([
      ['subscribe', [{ type: 'product', symbol: 'TSLA' }]],
      ['get_snapshot', [{ type: 'product', symbol: 'TSLA' }]],
      ['unsubscribe', [{ type: 'product', symbol: 'TSLA' }]],
      ['get_products', []],
      ['list_subscriptions', []],
    ])('ignores arguments of %s that are undefined or null, at the end', async (event, args) => {
      for (const nothing of [undefined, null]) {
        expect((await client.ask(event, ...args, nothing, nothing)).ok).toBe(true);
        client.socket.emit(event, ...args, nothing);
      }
      await client.ask('unsubscribe', { type: 'product', symbol: 'TSLA' });
      expect(client.all('error')).toEqual([]);
    });

    it('ignores an undefined argument behind a token', async () => {
      const { error } = await client.ask('refresh_token', { token: 'x.y.z' }, undefined);
      expect(error?.code).not.toBe('INVALID_PAYLOAD');
    });

    describe('what is no Socket.IO message at all', () => {
      it.each([
        ['no packet', 'nonsense'],
        ['a packet of no known type', '9'],
        ['an event that is no list', '2{"a":1}'],
        ['an event cut short', '2["subscribe",{"type":'],
        ['an event without a name', '2[]'],
        ['a name that is an object', '2[{}]'],
        ['a name kept for the protocol', '2["disconnecting"]'],
        ['a name kept for the emitter', '2["newListener","x"]'],
        ['an impossible count of attachments', '5x-["subscribe",{}]'],
        ['text where its attachment was to come', '51-["subscribe",{"_placeholder":true,"num":0}]', '2["x"]'],
      ])('closes only the connection of the sender: %s', async (_, ...packets) => {
        const sender = await TestClient.connect(gateway.url, TRANSPORTS[transport]);
        sender.contract.sendsInvalid = true;
        for (const packet of packets) sendRaw(sender, packet);
        await waitFor(() => sender.disconnects.length === 1, 'the connection was not ended');
        sender.close();
      });

      it('closes only the connection of a sender that exceeds MAX_PAYLOAD_BYTES', async () => {
        const sender = await TestClient.connect(gateway.url, TRANSPORTS[transport]);
        sender.contract.sendsInvalid = true;
        sender.socket.emit('subscribe', { type: MEGABYTE, symbol: MEGABYTE });
        await waitFor(() => sender.disconnects.length === 1, 'the connection was not ended');
        sender.close();
      });
    });
  });
});

describe('a client that requests more rooms than its limit', () => {
  let redis: RedisServer;
  let gateway: GatewayProcess;
  let client: TestClient;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({ REDIS_URL: redis.url, MAX_SUBSCRIPTIONS: '5' });
    client = await TestClient.connect(gateway.url);
  });

  afterAll(async () => {
    client?.close();
    await gateway?.stop();
    await redis?.stop();
  });

  it('has the whole request rejected, and keeps its rooms', async () => {
    const rooms = ['general', 'product:A', 'product:B', 'product:C', 'product:D'];
    const heldRooms = async () => (await client.ask('get_products')).rooms as string[];
    const refused = {
      ok: false,
      error: {
        message: 'Invalid subscription request',
        code: 'TOO_MANY_SUBSCRIPTIONS',
        event: 'subscribe',
        details: [{ field: 'symbols', problem: expect.any(String) }],
      },
    };
    expect(client.all('connected')[0]!.limits.max_subscriptions).toBe(5);

    // general counts as a room: with it, five more rooms would make six.
    expect(await client.ask('subscribe', { type: 'product', symbols: ['A', 'B', 'C', 'D', 'E'] })).toEqual(
      refused,
    );
    expect(await heldRooms()).toEqual(['general']);

    expect((await client.ask('subscribe', { type: 'product', symbols: ['A', 'B', 'C', 'D'] })).ok).toBe(true);
    expect(await client.ask('subscribe', { type: 'chain', symbol: 'A' })).toEqual(refused);
    expect(await client.ask('subscribe', { type: 'product', symbols: ['A', 'E'] })).toEqual(refused);
    expect(await heldRooms()).toEqual(rooms);
    expect(client.all('error')).toEqual([refused.error, refused.error, refused.error]);
    expect(await gateway.metric('socket_gateway_client_errors_total{code="TOO_MANY_SUBSCRIPTIONS"}')).toBe(3);

    // A room that the client already has does not count again, and a room it leaves becomes free.
    expect((await client.ask('subscribe', { type: 'product', symbols: ['A', 'D'] })).ok).toBe(true);
    expect((await client.ask('unsubscribe', { type: 'general' })).ok).toBe(true);
    expect((await client.ask('subscribe', { type: 'chain', symbol: 'A' })).ok).toBe(true);
    expect(await client.ask('subscribe', { type: 'general' })).toEqual(refused);
    expect(await heldRooms()).toEqual([...rooms.slice(1), 'chain:A']);
  });
});

describe('a malformed message on the feed', () => {
  const MAX_FEED_MESSAGE_BYTES = 100_000;

  interface BadMessage {
    readonly name: string;
    readonly reason: string;
    readonly channel: string;
    readonly make: (product: string) => string | Buffer;
  }

  const onBoth = (reason: string, name: string, make: BadMessage['make']): BadMessage[] =>
    [UNDERLYING, OPTION_CHAIN].map((channel) => ({ reason, name, channel, make }));
  /** A valid price, changed by `fields`; undefined fields are left out. */
  const price = (reason: string, name: string, fields: object): BadMessage => ({
    reason,
    name,
    channel: UNDERLYING,
    make: (product) => JSON.stringify({ ...underlying(product, 1), ...fields }),
  });
  /** A valid chain, changed by `fields`. */
  const chained = (reason: string, name: string, fields: object): BadMessage => ({
    reason,
    name,
    channel: OPTION_CHAIN,
    make: (product) => JSON.stringify({ ...chain(product, 1), ...fields }),
  });
  /** A valid price or chain with one more field, as text that JSON.stringify cannot produce. */
  const withText = (reason: string, name: string, text: string): BadMessage[] => [
    { reason, name, channel: UNDERLYING, make: (p) => insert(underlying(p, 1), text) },
    { reason, name, channel: OPTION_CHAIN, make: (p) => insert(chain(p, 1), text) },
  ];
  const insert = (message: object, text: string) => JSON.stringify(message).replace(/}$/, `,${text}}`);

  const CHAIN_NUMBERS = ['spot_price', 'pcr_oi', 'pcr_volume', 'max_pain_strike'];
  const OPTIONAL_CHAIN_NUMBERS = ['atm_straddle_price', 'atm_strike', 'total_call_oi', 'total_put_oi'];
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

  const messages: readonly BadMessage[] = [
    ...onBoth('not_json', 'an empty string', () => ''),
    ...onBoth('not_json', 'words', () => 'hello'),
    ...onBoth('not_json', "a Python dict's repr", (p) => `{'product': '${p}', 'price': None}`),
    ...onBoth('not_json', 'JSON cut short', (p) => JSON.stringify(chain(p, 1)).slice(0, -1)),
    ...onBoth('not_json', 'two documents', (p) => JSON.stringify(underlying(p, 1)).repeat(2)),
    ...onBoth('not_json', 'bytes', () => Buffer.from([0, 159, 146, 150, 255, 254, 0, 13, 10])),
    ...onBoth('not_json', 'a pickle', () => Buffer.from('80049508000000000000008c044543484f942e', 'hex')),
    ...onBoth('not_an_object', 'null', () => 'null'),
    ...onBoth('not_an_object', 'a number', () => '42'),
    ...onBoth('not_an_object', 'a string', () => '"NIFTY"'),
    ...onBoth('not_an_object', 'true', () => 'true'),
    ...onBoth('not_an_object', 'a list of messages', (p) => JSON.stringify([underlying(p, 1)])),
    ...onBoth('not_an_object', '20,000 nested lists', () => deep(20_000)),
    ...withText('too_deep', 'nested 40 deep', `"extra":${deep(40)}`),
    ...withText('too_deep', 'nested 20,000 deep', `"extra":${deep(20_000)}`),
    ...withText(
      'too_deep',
      'objects nested 15,000 deep',
      `"extra":${'{"":'.repeat(15_000)}1${'}'.repeat(15_000)}`,
    ),
    ...withText(
      'too_large',
      'above MAX_FEED_MESSAGE_BYTES',
      `"extra":"${'x'.repeat(MAX_FEED_MESSAGE_BYTES)}"`,
    ),
    ...withText('non_finite_number', 'NaN', '"extra":NaN'),
    ...withText('non_finite_number', 'Infinity', '"extra":Infinity'),
    ...withText('non_finite_number', '-Infinity in a list', '"extra":[1,-Infinity]'),
    ...withText('non_finite_number', '1e999', '"extra":1e999'),
    ...withText('non_finite_number', '-1e999 in depth', '"extra":{"a":[{"b":-1e999}]}'),
    ...withText('non_finite_number', '1e999 for the last price given', '"price":1e999,"spot_price":1e999'),

    ...onBoth('missing_field', 'an empty object', () => '{}'),
    ...['product', 'price', 'timestamp'].flatMap((field) => [
      price('missing_field', `no ${field}`, { [field]: undefined }),
      price('missing_field', `${field} null`, { [field]: null }),
    ]),
    ...['product', 'expiry', 'timestamp', 'calls', 'puts', ...CHAIN_NUMBERS].flatMap((field) => [
      chained('missing_field', `no ${field}`, { [field]: undefined }),
      chained('missing_field', `${field} null`, { [field]: null }),
    ]),

    price('wrong_type', 'price a string', { price: '21543.25' }),
    price('wrong_type', 'price a list', { price: [1] }),
    price('wrong_type', 'price true', { price: true }),
    price('wrong_type', 'type of a chain', { type: 'CHAIN_ENRICHED' }),
    price('wrong_type', 'processed_at a number', { processed_at: 1 }),
    ...[...CHAIN_NUMBERS, ...OPTIONAL_CHAIN_NUMBERS].map((field) =>
      chained('wrong_type', `${field} a string`, { [field]: '1.5' }),
    ),
    chained('wrong_type', 'calls an object', { calls: {} }),
    chained('wrong_type', 'puts a string', { puts: 'none' }),
    chained('wrong_type', 'a leg that is null', { calls: [null] }),
    chained('wrong_type', 'a leg that is a list', { puts: [[21500]] }),
    chained('wrong_type', 'a leg without a strike', { calls: [{ bid: 1 }] }),
    chained('wrong_type', 'a leg whose strike is a string', { calls: [{ strike: '21500' }] }),
    chained('wrong_type', 'strikes an object', { strikes: {} }),
    chained('wrong_type', 'strikes of strings', { strikes: ['21500'] }),

    ...[price, chained].flatMap((message) => [
      ...['', '*', 'A B', 'A:B', 'A\n', '__proto__', 'A'.repeat(33), 5, {}, ['NIFTY']].map((product) =>
        message('bad_product', `product ${JSON.stringify(product)}`, { product }),
      ),
      ...[
        '',
        'now',
        '2026-11-22',
        '2026-13-01T00:00:00',
        '2026-00-01T00:00:00',
        '2026-02-30T00:00:00',
        1_795_000_000,
        {},
      ].map((timestamp) => message('bad_timestamp', `timestamp ${JSON.stringify(timestamp)}`, { timestamp })),
    ]),
    ...['', 'soon', '26-11-2026', '2026-02-30', '2026-11-26T00:00:00', 20261126, ['2026-11-26']].map(
      (expiry) => chained('bad_expiry', `expiry ${JSON.stringify(expiry)}`, { expiry }),
    ),
  ];

  let redis: RedisServer;
  let gateway: GatewayProcess;
  let platform: Platform;
  let client: TestClient;
  let product: string;

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await GatewayProcess.start({
      REDIS_URL: redis.url,
      MAX_FEED_MESSAGE_BYTES: `${MAX_FEED_MESSAGE_BYTES}`,
      ...MANY_EVENTS,
    });
    platform = new Platform(redis, gateway);
    client = await TestClient.connect(gateway.url);
  });

  afterAll(async () => {
    client?.close();
    await gateway?.stop();
    await redis?.stop();
  });

  beforeEach(async () => {
    product = platform.product();
    await client.ask('subscribe', { type: 'product', symbol: product });
    await client.ask('subscribe', { type: 'chain', symbol: product });
    client.clear();
  });

  afterEach(async () => {
    await client.ask('unsubscribe', { type: 'product', symbol: product });
    await client.ask('unsubscribe', { type: 'chain', symbol: product });
    await expectAlive(gateway);
  });

  /** Checks that the next valid messages arrive, and that nothing arrived before them. */
  const expectGoodAlone = async (): Promise<void> => {
    await platform.underlying(product, 2);
    await platform.chain(product, 2);
    await platform.carried(client);
    const market = client.received.filter(({ event }) => event !== 'products');
    expect(market).toHaveLength(3);
    expect(market).toEqual(
      expect.arrayContaining([
        { event: 'underlying_update', payload: underlying(product, 2) },
        { event: 'chain_summary', payload: summary(product, 2) },
        { event: 'chain_update', payload: { ...chain(product, 2), strikes: STRIKES } },
      ]),
    );
  };

  it.each(messages)('is not forwarded: $reason on $channel, $name', async ({ reason, channel, make }) => {
    const sample = `socket_gateway_feed_rejected_total{reason="${reason}"}`;
    const before = await gateway.metric(sample);
    await platform.publish(channel, make(product));
    await platform.carried(client);
    expect(client.counts()).toEqual({ products: 1 });
    expect(await gateway.metric(sample)).toBe(before + 1);
    expect((await client.ask('get_products')).products).not.toContain(product);
    await expectGoodAlone();
  });

  it('is not forwarded if its channel is for the other kind', async () => {
    await platform.publish(OPTION_CHAIN, underlying(product, 1));
    await platform.publish(UNDERLYING, chain(product, 1));
    await platform.carried(client);
    expect(client.counts()).toEqual({ products: 1 });
    await expectGoodAlone();
  });

  it('is forwarded if its values are exactly at the limits', async () => {
    const deepest = { ...underlying(product, 1), extra: JSON.parse(deep(31)) as unknown };
    const longest = { ...underlying(product, 2), extra: '' };
    longest.extra = 'x'.repeat(MAX_FEED_MESSAGE_BYTES - JSON.stringify(longest).length);
    await platform.publish(UNDERLYING, deepest);
    await platform.publish(UNDERLYING, longest);
    await platform.carried(client);
    expect(client.all('underlying_update')).toStrictEqual([deepest, longest]);
  });

  it('cannot change the prototype of objects', async () => {
    const text = insert(
      underlying(product, 1),
      '"__proto__":{"polluted":true},"constructor":{"prototype":{}}',
    );
    await platform.publish(UNDERLYING, text);
    await platform.carried(client);
    expect(client.all('underlying_update')).toHaveLength(1);
    client.contract.sendsInvalid = true;
    expect((await client.ask('subscribe', {})).ok).toBe(false);
    expect(await gateway.json('/metrics')).not.toHaveProperty('polluted');
  });

  it('is logged with its reason, at most once per interval, and without its content', async () => {
    for (let round = 0; round < 200; round++) await platform.publish(UNDERLYING, `${ECHO} ${round}`);
    await platform.carried(client);
    const lines = gateway.logs.filter(
      ({ msg, reason }) => msg === 'feed_message_rejected' && reason === 'not_json',
    );
    expect(lines.length).toBeGreaterThanOrEqual(1);
    expect(lines.length).toBeLessThan(20);
    expect(lines[0]).toMatchObject({ level: 40, problem: 'not JSON', suppressed: expect.any(Number) });
    expect(JSON.stringify(gateway.logs)).not.toContain(ECHO);
  });
});
