'use strict';
// ?gateway=http://host:8002 sets the gateway's address. The default is the server of this page, or
// this machine.
const gateway =
  new URLSearchParams(location.search).get('gateway') ??
  (location.protocol === 'file:' ? 'http://localhost:8002' : location.origin);

const statusLine = document.getElementById('status');
const problemLine = document.getElementById('problem');

// The gateway serves the matching client library. In an application, `npm install socket.io-client` instead.
// The author of a link to this page chooses that script, so do not host the page on a site where
// users log in.
const library = document.createElement('script');
library.src = new URL('/socket.io/socket.io.js', gateway).href;
library.onload = start;
library.onerror = () => {
  statusLine.textContent = 'Not connected';
  problemLine.textContent = `No gateway at ${gateway}: check ?gateway= in the address of this page.`;
};
document.head.append(library);

function start() {
  // WebSocket first: polling through several gateway replicas needs sticky sessions.
  const socket = io(gateway, { transports: ['websocket', 'polling'], tryAllTransports: true });

  // Subscribe here: `connected` comes after every reconnection too, and a new connection has no subscriptions.
  socket.on('connected', (data) => {
    statusLine.textContent = `Connected as ${data.client_id}`;
    problemLine.textContent = '';
    socket.emit('subscribe', { type: 'product', symbol: 'NIFTY' });
    socket.emit('subscribe', { type: 'chain', symbol: 'NIFTY' });
  });
  socket.on('disconnect', (reason) => {
    statusLine.textContent = socket.active ? 'Reconnecting…' : `Disconnected: ${reason}`;
    // These prices are no longer updated. Each is black again when the next connection brings it.
    for (const line of lines.values()) line.style.color = 'grey';
  });

  socket.on('underlying_update', (data) => showPrice(data.product, data.price));
  socket.on('chain_summary', (data) => console.log('Chain summary:', data.product, 'PCR:', data.pcr_oi));
  socket.on('chain_update', (data) =>
    console.log('Full chain:', data.product, data.strikes.length, 'strikes'),
  );
  socket.on('connect_error', (error) => {
    // If there is `data`, the gateway itself has rejected the client, and Socket.IO does not retry.
    statusLine.textContent = socket.active ? 'Reconnecting…' : 'Not connected';
    problemLine.textContent = error.data
      ? `Not let in: ${error.data.code}: ${error.message} This example sends no token.`
      : `Cannot connect: ${error.message}. If the gateway runs, check that its CORS_ORIGINS allows ${location.origin}.`;
  });
  socket.on('error', ({ message, code, details = [] }) => {
    const problems = details.map(({ field, problem }) => ` ${field} ${problem}.`).join('');
    problemLine.textContent = `Refused: ${code}: ${message.replace(/\.$/, '')}.${problems}`;
  });
}

const lines = new Map();

function showPrice(product, price) {
  if (!lines.has(product)) {
    lines.set(product, document.getElementById('prices').appendChild(document.createElement('li')));
  }
  const line = lines.get(product);
  line.textContent = `${product}: ${price.toFixed(2)}`;
  line.style.color = '';
}
