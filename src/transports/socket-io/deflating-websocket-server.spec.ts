import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { DeflatingWebSocketServer } from './deflating-websocket-server.js';
import { deflateOf } from './engine-io-internals.js';

/** ws keeps its inflater here between two fragments of a message. */
function inflaterOf(client: WebSocket): unknown {
  return (deflateOf(client) as unknown as { readonly _inflate: unknown })._inflate;
}

it('frees the inflater of a client after each message, and can still read the next one', async () => {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = new DeflatingWebSocketServer({ noServer: true });
  const accepted = new Promise<WebSocket>((resolve) =>
    http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head, resolve)),
  );
  const { port } = http.address() as AddressInfo;
  const browser = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: { threshold: 0 } });
  const client = await accepted;
  try {
    const texts: string[] = [];
    const inflaters: unknown[] = [];
    client.on('message', (data: Buffer) => {
      texts.push(data.toString());
      inflaters.push(inflaterOf(client));
    });
    await once(browser, 'open');
    for (const text of ['first '.repeat(100), 'second '.repeat(100)]) {
      browser.send(text);
      await once(client, 'message');
    }
    expect(texts).toEqual(['first '.repeat(100), 'second '.repeat(100)]);
    expect(inflaters).toEqual([null, null]);
  } finally {
    browser.terminate();
    client.terminate();
    http.close();
  }
});
