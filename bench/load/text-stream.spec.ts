import { FIN_BIT, Opcode } from './frame-walker.js';
import { TextStream } from './text-stream.js';

function frame(payload: string, opcode: number = Opcode.text): Buffer {
  return Buffer.from([FIN_BIT | opcode, payload.length, ...Buffer.from(payload)]);
}

function clientOf(...frames: Buffer[]) {
  const sent: string[] = [];
  const taken: string[] = [];
  let ready = 0;
  const client = new TextStream(
    { send: (text) => sent.push(String(text)), ready: () => ready++ },
    { greeting: ['NIFTY'], confirmations: 1, snapshots: 0, keys: [] },
    { take: (message) => taken.push(message.toString()) },
  );
  client.open();
  const stream = Buffer.concat(frames);
  client.read(stream, 0, stream.length);
  return { client, sent, taken, ready: () => ready };
}

describe('TextStream', () => {
  it('is ready when its request is confirmed, and counts every other data frame', () => {
    expect(clientOf(frame('{"n":1}')).ready()).toBe(0);
    const { client, taken, ready } = clientOf(frame('+'), frame('{"n":1}'), frame('{"n":2}', Opcode.binary));
    expect(ready()).toBe(1);
    expect(taken).toEqual(['{"n":1}', '{"n":2}']);
    expect(client.market).toBe(2);
  });

  it('replies to pings, and counts no control frames', () => {
    const { client, sent } = clientOf(frame('', Opcode.ping), frame('', Opcode.close));
    expect(sent).toEqual(['NIFTY', '']);
    expect(client.market).toBe(0);
  });
});
