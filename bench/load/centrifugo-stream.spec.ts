import { CentrifugoStream } from './centrifugo-stream.js';
import { FIN_BIT, Opcode } from './frame-walker.js';

const publication = (n: number) => `{"push":{"channel":"general","pub":{"data":{"bench_seq": ${n}}}}}`;

function frame(payload: string, opcode: number = Opcode.text): Buffer {
  const { length } = payload;
  const head = length < 126 ? [length] : [126, length >> 8, length & 255];
  return Buffer.from([FIN_BIT | opcode, ...head, ...Buffer.from(payload)]);
}

/** A client with two channels that reads `stream` in parts of `size` bytes. */
function clientOf(stream: Buffer, size = stream.length) {
  const sent: string[] = [];
  const taken: string[] = [];
  let ready = 0;
  const client = new CentrifugoStream(
    { send: (text) => sent.push(String(text)), ready: () => ready++ },
    { greeting: ['commands'], confirmations: 2, snapshots: 0, keys: [] },
    { take: (message) => taken.push(message.toString()) },
  );
  client.open();
  // One buffer for all reads, as the client has it.
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < stream.length; at += size) {
    const read = stream.copy(buffer, 0, at, at + size);
    client.read(buffer, 0, read);
  }
  return { client, sent, taken, ready: () => ready };
}

describe('CentrifugoStream', () => {
  it('sends its commands at once, and is ready when all subscriptions are confirmed', () => {
    const connected = frame(
      '{"id":1,"connect":{"client":"c","ping":25,"pong":true}}\n{"id":2,"subscribe":{}}',
    );
    expect(clientOf(connected).sent).toEqual(['commands']);
    expect(clientOf(connected).ready()).toBe(0);
    expect(clientOf(Buffer.concat([connected, frame('{"id":3,"subscribe":{}}')])).ready()).toBe(1);
  });

  it('counts a rejected command as an error, and not as a confirmation', () => {
    const rejected = '{"id":2,"error":{"code":103,"message":"permission denied"}}';
    const { client, ready } = clientOf(frame(`${rejected}\n{"id":3,"subscribe":{}}`));
    expect(client.errors).toBe(1);
    expect(ready()).toBe(0);
  });

  it('reads every publication of a frame, however the bytes are cut', () => {
    const stream = Buffer.concat([
      frame(publication(1)),
      frame([2, 3, 4].map(publication).join('\n')),
      frame(`${publication(5)}\n`),
    ]);
    for (let size = 1; size <= stream.length; size++) {
      const { client, taken } = clientOf(stream, size);
      expect(taken).toEqual([1, 2, 3, 4, 5].map(publication));
      expect(client.market).toBe(5);
    }
  });

  it('replies to pings of the protocol and of WebSocket', () => {
    const { client, sent } = clientOf(
      Buffer.concat([frame(`{}\n${publication(1)}\n{}`), frame('', Opcode.ping)]),
    );
    expect(sent).toEqual(['commands', '{}', '{}', '']);
    expect(client.market).toBe(1);
  });

  it('does not count other pushes of a channel', () => {
    const { client } = clientOf(frame('{"push":{"channel":"prices","unsubscribe":{"code":2500}}}'));
    expect(client.market).toBe(0);
  });
});
