// node node-client.mjs [--messages N]     GATEWAY_URL=http://localhost:8002 GATEWAY_TOKEN=…
import { parseArgs } from 'node:util';
import { io } from 'socket.io-client';

const { values } = parseArgs({ options: { messages: { type: 'string', default: 'Infinity' } } });
const limit = Number(values.messages);
const token = process.env.GATEWAY_TOKEN;
const socket = io(process.env.GATEWAY_URL ?? 'http://localhost:8002', {
  transports: ['websocket'],
  // A function, because a client that lives longer than its token needs a new one at each
  // reconnection.
  auth: (give) => give(token ? { token } : {}),
});

let updates = 0;
function count() {
  updates += 1;
  if (updates === limit) {
    // Once the socket is closed nothing keeps the process running, so it ends by itself.
    socket.disconnect();
  }
}

// Subscribe here: `connected` comes after every reconnection too, and a new connection has no subscriptions.
socket.on('connected', (data) => {
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

socket.on('error', (data) => console.error('Refused:', data.message, data.code, data.details));
socket.on('connect_error', (error) => {
  // If there is `data`, the gateway itself has rejected the client, and Socket.IO does not retry.
  if (error.data) console.error('Not let in:', error.data.code, error.message);
  else console.error('Cannot connect, trying again:', error.message);
});
socket.on('disconnect', (reason) => console.log('Disconnected:', reason));
