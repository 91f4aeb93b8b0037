// node node-client.mjs [--messages N]     GATEWAY_URL=http://localhost:8002 GATEWAY_TOKEN=…
import { parseArgs } from 'node:util';
import { io } from 'socket.io-client';

const { values } = parseArgs({ options: { messages: { type: 'string', default: 'Infinity' } } });
const limit = Number(values.messages);
const token = process.env.GATEWAY_TOKEN;
const url = process.env.GATEWAY_URL ?? 'http://localhost:8002';
const socket = io(url, {
  transports: ['websocket'],
  // A function, because a client that lives longer than its token needs a new one at each
  // reconnection.
  auth: (give) => give(token ? { token } : {}),
});

/** Says why the program cannot go on, and ends it with exit code 1. */
function fail(text) {
  console.error(text);
  process.exitCode = 1;
  socket.disconnect();
}

let updates = 0;
function count() {
  updates += 1;
  if (updates === limit) {
    // Once the socket is closed nothing keeps the process running, so it ends by itself.
    socket.disconnect();
  }
}

let wasConnected = false;
// Subscribe here: `connected` comes after every reconnection too, and a new connection has no subscriptions.
socket.on('connected', (data) => {
  wasConnected = true;
  console.log('Connected:', data.client_id);
  socket.emit('subscribe', { type: 'product', symbol: 'NIFTY' });
  socket.emit('subscribe', { type: 'chain', symbol: 'NIFTY' });
});

socket.on('underlying_update', (data) => {
  console.log(`${data.product}: ${data.price}`);
  count();
});

socket.on('chain_summary', (data) => {
  console.log(`${data.product} ${data.expiry}: PCR ${data.pcr_oi}, max pain ${data.max_pain_strike}`);
  count();
});

socket.on('chain_update', (data) => {
  console.log(`${data.product} ${data.expiry}: full chain of ${data.strikes.length} strikes`);
  count();
});

socket.on('error', ({ message, code, details = [] }) => {
  const problems = details.map(({ field, problem }) => ` ${field} ${problem}.`).join('');
  fail(`Refused: ${code}: ${message.replace(/\.$/, '')}.${problems}`);
});
socket.on('connect_error', (error) => {
  // If there is `data`, the gateway itself has rejected the client, and Socket.IO does not retry.
  if (error.data) {
    const advice = token ? 'Check the token in GATEWAY_TOKEN.' : 'Set GATEWAY_TOKEN to a token.';
    fail(`Not let in: ${error.data.code}: ${error.message} ${advice}`);
    return;
  }
  const reason = error.description?.message || error.message;
  if (wasConnected) console.error('Cannot connect, trying again:', reason);
  else fail(`Cannot connect to ${url}: ${reason}. Check GATEWAY_URL, and that the gateway runs.`);
});
// The gateway closes the connection. After most reasons, Socket.IO connects again by itself.
socket.on('closing', ({ code, message, reconnect }) => {
  if (!reconnect) fail(`Closed by the gateway: ${code}: ${message}`);
});
socket.on('disconnect', (reason) => console.log('Disconnected:', reason));
