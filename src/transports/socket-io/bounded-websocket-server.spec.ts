import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { waitFor } from '../../../test/support/wait.js';
import { BoundedWebSocketServer } from './bounded-websocket-server.js';
import { tcpSocketOf } from './engine-io-internals.js';

describe('BoundedWebSocketServer', () => {
  it.each(['message', 'ping'] as const)(
    'handles one %s of a client per turn of the event loop, however many arrive at once',
    async (kind) => {
      const server = new BoundedWebSocketServer({ port: 0, host: '127.0.0.1' });
      await once(server, 'listening');
      let turn = 0;
      const turns: number[] = [];
      server.on('connection', (client) => client.on(kind, () => turns.push(turn)));
      const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
      await once(client, 'open');
      const count = (): void => {
        turn++;
        counting = setImmediate(count);
      };
      let counting = setImmediate(count);
      // Send them as one write, so that the server receives them in one read.
      const tcp = tcpSocketOf(client)!;
      tcp.cork();
      for (let i = 0; i < 10; i++) {
        if (kind === 'ping') client.ping();
        else client.send(`${i}`);
      }
      tcp.uncork();
      await waitFor(() => turns.length === 10);
      clearImmediate(counting);
      expect(new Set(turns).size).toBe(10);
      client.terminate();
      server.close();
      await once(server, 'close');
    },
  );
});
