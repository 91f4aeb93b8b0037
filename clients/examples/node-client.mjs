// node node-client.mjs [--messages N]     GATEWAY_URL=http://localhost:8002
import { parseArgs } from 'node:util';
import { io } from 'socket.io-client';

const { values } = parseArgs({ options: { messages: { type: 'string', default: 'Infinity' } } });
const limit = Number(values.messages);
const socket = io(process.env.GATEWAY_URL ?? 'http://localhost:8002', { transports: ['websocket'] });

let updates = 0;
function count() {
  updates += 1;
  if (updates === limit) {
    // Nothing is left to wait for once the socket is closed, so the process ends by itself.
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
socket.on('connect_error', (error) => console.error('Cannot connect, trying again:', error.message));
socket.on('disconnect', (reason) => console.log('Disconnected:', reason));
