import { createServer, type Socket } from 'node:net';

/**
 * What `send-loop.c` does, in Node: sends each line of the feed, as a WebSocket text frame, to every
 * client with one `socket.write()` each. The ports of the clients and of the feed are its arguments.
 */
const UPGRADE = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  // For the key that every client of the benchmark sends.
  'Sec-WebSocket-Accept: yjlRD4Cy91bphXqG/4V3iv7JZU4=',
  '\r\n',
].join('\r\n');
const BACKLOG = 4096;
const FIN_AND_TEXT = 0x81;

const [clientPort, feedPort] = process.argv.slice(2).map(Number);
const clients = new Set<Socket>();

function frameOf(line: string): Buffer {
  const { length } = line;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = FIN_AND_TEXT;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  else if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.from(line, 'latin1')]);
}

const clientServer = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.once('close', () => clients.delete(socket));
  socket.once('data', () => {
    socket.write(UPGRADE);
    clients.add(socket);
    socket.resume();
  });
});

const feedServer = createServer((socket) => {
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const frame = frameOf(line);
      for (const client of clients) client.write(frame);
    }
  });
});

clientServer.listen(clientPort, '127.0.0.1', BACKLOG);
feedServer.listen(feedPort, '127.0.0.1');
