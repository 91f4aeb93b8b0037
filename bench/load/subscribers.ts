import { once } from 'node:events';
import { connect } from 'node:net';
import { serve } from '../harness/serve.js';
import type { SubscriberMethods } from './subscriber-methods.js';

let bytes = 0;

/** Subscribes like a gateway replica, but only reads. */
async function subscribe(port: number, command: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.write(`${command}\r\n`);
  await once(socket, 'data');
  socket.on('data', (chunk) => (bytes += chunk.length));
}

serve<SubscriberMethods>({
  subscribe: async ({ count, ports, channel, sharded }) => {
    const command = `${sharded ? 'SSUBSCRIBE' : 'SUBSCRIBE'} ${channel}`;
    await Promise.all(Array.from({ length: count }, (_, n) => subscribe(ports[n % ports.length]!, command)));
  },
  look: () => ({ bytes }),
});
