'use strict';
/**
 * The live page. Events change the state below and mark the parts to redraw. Drawing happens once
 * per animation frame, so a feed of hundreds of updates a second costs the browser no more than its
 * screen can show. Data reaches the page only through textContent.
 */

const RUPEE_PRODUCTS = new Set(['NIFTY', 'BANKNIFTY', 'FINNIFTY', 'SENSEX']);
const MAX_UPDATES = 20;
const MAX_ERRORS = 5;
/** A page that is open for weeks would otherwise collect every past expiry. */
const MAX_CHAINS = 100;

const element = (id) => document.getElementById(id);

// ---- state

/** product -> { price, change, timestamp }, or {} if nothing is known yet */
const products = new Map();
/** "product expiry" -> chain_summary, and the same for full chains, oldest arrival first */
const summaries = new Map();
const chains = new Map();
/**
 * Products whose price has stopped. Their updates may still contain old prices, so only
 * `feed_status` decides.
 */
const stale = new Set();
/**
 * "product expiry" of chains that `chain_status` reports as stopped. The price of their product may
 * continue.
 */
const staleChains = new Set();
/**
 * Rooms that this page subscribed to (not `general`, which every client is in). Kept over a
 * reconnection.
 */
const subscriptions = new Set();
/** Rooms that the gateway has not confirmed yet. */
const pending = new Set();
/** The newest updates as text, newest first. */
let updates = [];
let selectedChain = '';
/** The displayed chain. */
let drawnChain = '';
/** The product whose chain is displayed as soon as it arrives. */
let awaitedProduct = '';
let connected = false;
/** Counts connections. What came through an earlier one is old until this one brings it again. */
let connection = 0;
/** By how much the gateway's clock is ahead of this machine's, ms. */
let clockOffset = 0;

// ---- the token

/** Under this name, the token is in sessionStorage: a reload keeps it, and another tab does not have it. */
const TOKEN_KEY = 'deltastream-token';
/** The refusals of a token. After them, only another token helps. */
const TOKEN_PROBLEMS = new Set(['AUTH_REQUIRED', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'TOKEN_REVOKED']);
let token = storedToken();
/** The user that the gateway read from the token; null for an anonymous client. */
let user = null;

/** Browsers can forbid storage. The token is then only in memory. */
function storedToken() {
  try {
    return sessionStorage.getItem(TOKEN_KEY) ?? '';
  } catch {
    return '';
  }
}

function setToken(value) {
  token = value;
  try {
    if (token) sessionStorage.setItem(TOKEN_KEY, token);
    else sessionStorage.removeItem(TOKEN_KEY);
  } catch {
    // It is in memory.
  }
}

/** Shows the field for a token, with what was wrong with the last one. */
function askForToken(problem) {
  element('token-form').hidden = false;
  element('sign-in').setAttribute('aria-expanded', 'true');
  element('connect').hidden = true;
  setText(element('token-problem'), problem);
  element('token').focus();
}

function hideTokenForm() {
  element('token-form').hidden = true;
  element('sign-in').setAttribute('aria-expanded', 'false');
  element('without-token').hidden = true;
  setText(element('token-problem'), '');
  element('token').value = '';
}

function drawUser() {
  element('user').hidden = !user;
  element('sign-out').hidden = !user;
  element('sign-in').hidden = !connected || Boolean(user);
  if (!user) return;
  const until = new Date(user.expires_at * 1000);
  setText(
    element('user'),
    `User ${user.user_id} (${user.role}), token valid until ${until.toLocaleString()}`,
  );
}

function submitToken(event) {
  event.preventDefault();
  // Tokens are often copied together with what is around them.
  const given = element('token')
    .value.trim()
    .replace(/^Bearer\s+|^["']|["']$/gi, '');
  if (!given) return askForToken('Enter a token.');
  if (connected && user) return refreshToken(given);
  setToken(given);
  hideTokenForm();
  showStatus('connecting', 'Connecting…');
  socket.disconnect().connect();
}

/** Replaces a token that expires soon, without an interruption. */
function refreshToken(given) {
  socket.emit('refresh_token', { token: given }, (answer) => {
    if (!answer.ok) return askForToken(`${answer.error.message} (${answer.error.code})`);
    setToken(given);
    user = { ...user, expires_at: answer.expires_at };
    hideTokenForm();
    drawUser();
  });
}

/** Connects as an anonymous client. A gateway that requires a token asks for one again. */
function signOut() {
  setToken('');
  user = null;
  hideTokenForm();
  showStatus('connecting', 'Connecting…');
  socket.disconnect().connect();
}

// ---- formatting

const decimals = (count) =>
  new Intl.NumberFormat(undefined, { minimumFractionDigits: count, maximumFractionDigits: count });
const TWO = decimals(2);
const FOUR = decimals(4);
const PLAIN = new Intl.NumberFormat();

/** A number, or a dash for a value that the platform could not compute. */
function show(value, format = PLAIN) {
  return typeof value === 'number' ? format.format(value) : '–';
}

function money(product, value) {
  return typeof value === 'number' ? (RUPEE_PRODUCTS.has(product) ? '₹' : '$') + TWO.format(value) : '–';
}

/** Feed times carry no zone and are UTC; a browser would read them as local. */
function parseTime(timestamp) {
  const text = String(timestamp);
  return new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}

/** How old something is, in words that change each second. */
function age(timestamp) {
  const seconds = Math.max(0, Math.round((Date.now() + clockOffset - parseTime(timestamp)) / 1000));
  if (Number.isNaN(seconds)) return 'of unknown age';
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min old`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s old` : `${seconds} s old`;
}

function clockTime(timestamp) {
  const time = parseTime(timestamp);
  return Number.isNaN(time.getTime()) ? '–' : time.toLocaleTimeString();
}

// ---- drawing

const dirty = new Set();

function redraw(...parts) {
  if (dirty.size === 0) requestAnimationFrame(draw);
  for (const part of parts) dirty.add(part);
}

function draw() {
  const parts = new Set(dirty);
  dirty.clear();
  if (parts.has('prices')) drawPrices();
  if (parts.has('summaries')) drawSummaries();
  if (parts.has('chain')) drawChain();
  if (parts.has('updates')) drawUpdates();
}

/**
 * Writes only changes: rewriting equal text would break selections and make screen readers start
 * over.
 */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function create(tag, className = '', text = '') {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/**
 * Gives `body` one row per key, in order. `make` builds the row of a new key. Rows of other keys
 * are removed.
 */
function matchRows(body, keys, make) {
  const rows = new Map([...body.children].map((row) => [row.dataset.key, row]));
  keys.forEach((key, index) => {
    let row = rows.get(key);
    rows.delete(key);
    if (!row) {
      row = make(key);
      row.dataset.key = key;
    }
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
  });
  for (const row of rows.values()) row.remove();
  return [...body.children];
}

function drawPrices() {
  const rows = matchRows(document.querySelector('#prices tbody'), [...products.keys()], makePriceRow);
  for (const row of rows) {
    const product = row.dataset.key;
    const { price, change = 0, timestamp, connection: origin } = products.get(product);
    const [, last, move, time, buttons] = row.children;
    drawStale(row, product, undefined, origin);
    setText(last, money(product, price));
    move.className = `number ${change > 0 ? 'up' : change < 0 ? 'down' : ''}`;
    setText(move, change > 0 ? `▲ ${TWO.format(change)}` : change < 0 ? `▼ ${TWO.format(-change)}` : '–');
    const note = isUnconfirmed(origin) ? ` (${age(timestamp)})` : stale.has(product) ? ' (stale)' : '';
    setText(time, `${timestamp ? clockTime(timestamp) : '–'}${note}`);
    for (const button of buttons.children) drawButton(button);
  }
  element('no-products').hidden = products.size > 0;
}

/** Whether a newer one may have been missed: there is no connection, or this one has not brought it. */
function isUnconfirmed(origin) {
  return origin !== undefined && (!connected || origin !== connection);
}

/** Greys out a price that has stopped, and everything that this connection has not brought. */
function drawStale(node, product, chainKey, origin) {
  const chainStopped = staleChains.has(chainKey);
  const unconfirmed = isUnconfirmed(origin);
  node.classList.toggle('stale', stale.has(product) || chainStopped || unconfirmed);
  if (unconfirmed && !connected) node.title = 'No connection: this is no longer updated';
  else if (unconfirmed) node.title = 'From before the connection was lost: no newer update has come';
  else if (stale.has(product)) node.title = 'No new price: the feed of this product has stopped';
  else node.title = chainStopped ? 'No new chain: the option chain of this expiry has stopped' : '';
}

function makePriceRow(product) {
  const row = create('tr');
  const name = create('th', '', product);
  name.scope = 'row';
  const buttons = create('td');
  for (const type of ['product', 'chain']) {
    const button = create('button');
    button.type = 'button';
    button.dataset.type = type;
    button.dataset.symbol = product;
    button.addEventListener('click', () => toggle(type, product));
    buttons.append(button);
  }
  row.append(name, create('td', 'number'), create('td', 'number'), create('td', 'spare'), buttons);
  return row;
}

function drawButton(button) {
  const { type, symbol } = button.dataset;
  const room = `${type}:${symbol}`;
  const on = subscriptions.has(room);
  setText(button, `${on ? '✓ ' : ''}${type === 'product' ? 'Price' : 'Chain'}`);
  button.title = `${on ? 'Unsubscribe from' : 'Subscribe to'} ${room}`;
  button.setAttribute('aria-label', button.title);
  button.setAttribute('aria-pressed', String(on));
  button.disabled = !connected || pending.has(room);
}

function drawSummaries() {
  const rows = matchRows(document.querySelector('#summaries tbody'), [...summaries.keys()].sort(), () => {
    const row = create('tr');
    const name = create('th');
    name.scope = 'row';
    row.append(name, create('td'), ...Array.from({ length: 5 }, () => create('td', 'number')), create('td'));
    return row;
  });
  for (const row of rows) {
    const s = summaries.get(row.dataset.key);
    drawStale(row, s.product, undefined, s.connection);
    const cells = [
      s.product,
      s.expiry,
      money(s.product, s.spot_price),
      show(s.pcr_oi, FOUR),
      show(s.pcr_volume, FOUR),
      show(s.max_pain_strike),
      money(s.product, s.atm_straddle_price),
      `${clockTime(s.timestamp)}${isUnconfirmed(s.connection) ? ` (${age(s.timestamp)})` : ''}`,
    ];
    cells.forEach((text, index) => setText(row.children[index], text));
  }
}

/** The columns of a leg, from the strike outwards. */
const LEG_COLUMNS = [
  ['Last', (leg) => show(leg.last, TWO)],
  ['Bid', (leg) => show(leg.bid, TWO)],
  ['Ask', (leg) => show(leg.ask, TWO)],
  ['IV %', (leg) => show(typeof leg.iv === 'number' ? leg.iv * 100 : null, TWO)],
  ['Volume', (leg) => show(leg.volume)],
  ['OI', (leg) => show(leg.open_interest)],
];
const CALL_COLUMNS = [...LEG_COLUMNS].reverse();

function drawChain() {
  const keys = [...chains.keys()].sort();
  if (!chains.has(selectedChain)) selectedChain = keys[0] ?? '';
  const chain = chains.get(selectedChain);
  element('no-chain').hidden = Boolean(chain);
  element('chain-table').hidden = !chain;
  element('chain-choice').hidden = !chain;
  const select = element('chain-select');
  if ([...select.options].map((option) => option.value).join() !== keys.join()) {
    select.replaceChildren(...keys.map((key) => new Option(key, key)));
  }
  select.value = selectedChain;
  setText(element('chain-facts'), chain ? chainFacts(chain) : '');
  drawStale(element('chain-table'), chain?.product, selectedChain, chain?.connection);
  const body = document.querySelector('#chain tbody');
  if (!chain) {
    body.replaceChildren();
    drawnChain = '';
    return;
  }

  const calls = new Map(chain.calls.map((leg) => [leg.strike, leg]));
  const puts = new Map(chain.puts.map((leg) => [leg.strike, leg]));
  for (const row of matchRows(body, chain.strikes.map(String), makeStrikeRow)) {
    const strike = Number(row.dataset.key);
    row.className = strike === chain.atm_strike ? 'atm' : '';
    const cells = [...row.children];
    const middle = CALL_COLUMNS.length;
    drawLeg(cells.slice(0, middle), CALL_COLUMNS, calls.get(strike), strike < chain.spot_price);
    drawLeg(cells.slice(middle + 1), LEG_COLUMNS, puts.get(strike), strike > chain.spot_price);
  }
  if (drawnChain !== selectedChain) {
    drawnChain = selectedChain;
    const box = element('chain-table');
    box.scrollTop = (body.querySelector('.atm')?.offsetTop ?? 0) - box.clientHeight / 2;
  }
}

function makeStrikeRow(strike) {
  const row = create('tr');
  const middle = create('th', 'strike', show(Number(strike)));
  middle.scope = 'row';
  const cells = () => LEG_COLUMNS.map(() => create('td'));
  row.append(...cells(), middle, ...cells());
  return row;
}

function drawLeg(cells, columns, leg, inMoney) {
  columns.forEach(([, format], index) => {
    setText(cells[index], leg ? format(leg) : '–');
    cells[index].className = inMoney ? 'in-money' : '';
  });
}

function chainFacts(chain) {
  return [
    `${chain.strikes.length} strikes`,
    `spot ${money(chain.product, chain.spot_price)}`,
    `at the money ${show(chain.atm_strike)}`,
    `PCR ${show(chain.pcr_oi, FOUR)}`,
    `max pain ${show(chain.max_pain_strike)}`,
    `straddle ${money(chain.product, chain.atm_straddle_price)}`,
    `${clockTime(chain.timestamp)}${isUnconfirmed(chain.connection) ? ` (${age(chain.timestamp)})` : ''}`,
  ].join(' · ');
}

function drawUpdates() {
  element('updates').replaceChildren(...updates.map((text) => create('li', '', text)));
}

function log(text) {
  updates = [text, ...updates].slice(0, MAX_UPDATES);
  redraw('updates');
}

function showStatus(state, text) {
  connected = state === 'connected';
  element('status').dataset.state = state;
  setText(element('status'), text);
  element('connect').hidden = state !== 'disconnected' || !element('token-form').hidden;
  drawUser();
  redraw('prices', 'summaries', 'chain');
}

function showError(text) {
  const box = create('p', 'error');
  const close = create('button', '', 'Dismiss');
  close.type = 'button';
  close.addEventListener('click', () => box.remove());
  box.append(create('span', '', text), close);
  const boxes = element('errors');
  boxes.prepend(box);
  while (boxes.children.length > MAX_ERRORS) boxes.lastChild.remove();
  log(`Error: ${text}`);
}

function keep(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_CHAINS) map.delete(map.keys().next().value);
}

// ---- the gateway

let socket;

function connect() {
  if (typeof io !== 'function') {
    return showStatus('disconnected', 'The Socket.IO client could not be loaded: is the gateway running?');
  }
  // WebSocket first, because polling through several replicas would need sticky sessions.
  // A function, because each connection needs the token of its time.
  const auth = (give) => give(token ? { token } : {});
  socket = io({ transports: ['websocket', 'polling'], tryAllTransports: true, auth });

  socket.on('connected', (hello) => {
    connection += 1;
    clockOffset = hello.server_time * 1000 - Date.now();
    user = hello.user;
    hideTokenForm();
    showStatus('connected', `Connected as ${hello.client_id}`);
    if (token && !user) {
      setToken('');
      askForToken('This gateway checks no tokens (AUTH_MODE=off), so it has ignored yours.');
    }
    pending.clear();
    // The gateway sends the stale products right after this, and again after each snapshot.
    stale.clear();
    staleChains.clear();
    socket.emit('get_products');
    subscribeAgain(hello.limits?.max_symbols_per_request ?? 1);
  });
  socket.on('disconnect', (reason) => {
    log(`Disconnected: ${reason}`);
    // The client does not reconnect by itself after the gateway has disconnected it.
    if (socket.active) showStatus('reconnecting', 'Reconnecting…');
    else showStatus('disconnected', 'Disconnected by the gateway');
  });
  socket.on('connect_error', (error) => {
    if (TOKEN_PROBLEMS.has(error.data?.code)) {
      const { code } = error.data;
      // The gateway's text for AUTH_REQUIRED is for programmers.
      const required = code === 'AUTH_REQUIRED';
      setToken('');
      user = null;
      element('without-token').hidden = required;
      askForToken(required ? 'This gateway requires a token. Enter yours.' : `${error.message} (${code})`);
      return showStatus('disconnected', required ? 'A token is required' : 'The token was refused');
    }
    if (error.data?.retry_after_ms) setTimeout(() => socket.connect(), error.data.retry_after_ms);
    if (socket.active) showStatus('reconnecting', `Reconnecting… (${error.message})`);
    else showStatus('disconnected', `Disconnected: ${error.message}`);
  });

  socket.on('products', (list) => {
    for (const product of list.products) if (!products.has(product)) products.set(product, {});
    redraw('prices');
  });
  socket.on('subscribed', ({ room }) => {
    pending.delete(room);
    if (/^(product|chain):/.test(room)) {
      subscriptions.add(room);
      const product = room.split(':')[1];
      stale.delete(product);
      for (const key of staleChains) if (key.startsWith(`${product} `)) staleChains.delete(key);
    }
    log(`Subscribed to ${room}`);
    redraw('prices', 'summaries', 'chain');
  });
  socket.on('unsubscribed', ({ room }) => {
    pending.delete(room);
    subscriptions.delete(room);
    const [type, symbol] = room.split(':');
    if (type === 'chain') {
      for (const [key, chain] of chains) if (chain.product === symbol) chains.delete(key);
    }
    log(`Unsubscribed from ${room}`);
    redraw('prices', 'chain');
  });

  socket.on('underlying_update', (update) => {
    const before = products.get(update.product)?.price ?? update.price;
    products.set(update.product, {
      price: update.price,
      change: Math.round((update.price - before) * 100) / 100,
      timestamp: update.timestamp,
      connection,
    });
    log(`${update.product}: ${money(update.product, update.price)} (${clockTime(update.timestamp)})`);
    redraw('prices');
  });
  socket.on('chain_summary', (summary) => {
    keep(summaries, `${summary.product} ${summary.expiry}`, { ...summary, connection });
    const pain = show(summary.max_pain_strike);
    log(`${summary.product} ${summary.expiry}: PCR ${show(summary.pcr_oi, TWO)}, max pain ${pain}`);
    redraw('summaries');
  });
  socket.on('chain_update', (chain) => {
    const key = `${chain.product} ${chain.expiry}`;
    keep(chains, key, { ...chain, connection });
    if (chain.product === awaitedProduct) {
      selectedChain = key;
      awaitedProduct = '';
    }
    log(`${key}: chain of ${chain.strikes.length} strikes`);
    redraw('chain');
  });
  socket.on('feed_status', ({ product, status }) => {
    if (status === 'stale') stale.add(product);
    else stale.delete(product);
    log(`${product} is ${status}`);
    redraw('prices', 'summaries', 'chain');
  });
  socket.on('chain_status', ({ product, expiry, status }) => {
    const key = `${product} ${expiry}`;
    if (status === 'live') staleChains.delete(key);
    else if (expiry !== null) staleChains.add(key);
    log(expiry === null ? `No chain of ${product} is known` : `The chain ${key} is ${status}`);
    redraw('chain');
  });
  socket.on('feed_gap', ({ since, until }) => {
    log(
      `Updates from ${clockTime(since)} to ${clockTime(until)} are missing: the gateway was cut off from the feed`,
    );
  });
  socket.on('token_expiring', ({ expires_in_ms }) => {
    const minutes = Math.max(1, Math.round(expires_in_ms / 60_000));
    askForToken(`Your token expires in ${minutes} min. Enter a new one to stay connected.`);
  });
  socket.on('closing', ({ code, message }) => log(`Closed by the gateway: ${message} (${code})`));
  socket.on('error', (error) => {
    // The field of the token shows what is wrong with it.
    if (error.event === 'refresh_token') return;
    // The error does not name the rejected room, so no button may keep waiting.
    pending.clear();
    const details = (error.details ?? []).map(({ field, problem }) => `${field} ${problem}`).join('; ');
    showError([error.message, error.code && `(${error.code})`, details].filter(Boolean).join(' '));
    redraw('prices');
  });
}

function toggle(type, symbol) {
  const room = `${type}:${symbol}`;
  pending.add(room);
  // A room that the page leaves must not come back with a reconnection, even if the confirmation is
  // lost.
  if (subscriptions.has(room)) {
    subscriptions.delete(room);
    socket.emit('unsubscribe', { type, symbol });
  } else {
    socket.emit('subscribe', { type, symbol });
    if (type === 'chain') awaitedProduct = symbol;
  }
  redraw('prices');
}

/**
 * A new connection is only in `general`. The page requests the other rooms in as few requests as
 * the gateway allows.
 */
function subscribeAgain(batchSize) {
  for (const type of ['product', 'chain']) {
    const prefix = `${type}:`;
    const rooms = [...subscriptions].filter((room) => room.startsWith(prefix));
    for (let i = 0; i < rooms.length; i += batchSize) {
      const symbols = rooms.slice(i, i + batchSize).map((room) => room.slice(prefix.length));
      socket.emit('subscribe', symbols.length === 1 ? { type, symbol: symbols[0] } : { type, symbols });
    }
  }
}

// Ages grow while nothing arrives.
setInterval(() => redraw('prices', 'summaries', 'chain'), 1000);
element('connect').addEventListener('click', () => (socket ? socket.connect() : location.reload()));
element('token-form').addEventListener('submit', submitToken);
element('sign-out').addEventListener('click', signOut);
element('without-token').addEventListener('click', signOut);
element('sign-in').addEventListener('click', () => {
  if (element('token-form').hidden) askForToken('');
  else hideTokenForm();
});
element('chain-select').addEventListener('change', (event) => {
  selectedChain = event.target.value;
  redraw('chain');
});
element('chain-columns').append(
  ...[...CALL_COLUMNS, ['Strike'], ...LEG_COLUMNS].map(([title]) => {
    const cell = create('th', title === 'Strike' ? 'strike' : '', title);
    cell.scope = 'col';
    return cell;
  }),
);
connect();
