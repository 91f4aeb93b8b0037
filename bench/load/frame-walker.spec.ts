import { Random } from '../../tools/simulator/random.js';
import type { ClientProfile, Wire } from './client-stream.js';
import { FrameWalker, Opcode, PEEK_BYTES } from './frame-walker.js';
import { NatsStream } from './nats-stream.js';
import { SocketIoStream } from './socket-io-stream.js';

const PROFILE: ClientProfile = { greeting: [], confirmations: 0, snapshots: 0, keys: [] };

function frame(payload: string, first = 0x81): Buffer {
  const body = Buffer.from(payload);
  const { length } = body;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), body]);
  if (length < 65_536) return Buffer.concat([Buffer.from([first, 126, length >> 8, length & 255]), body]);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeUInt32BE(length, 6);
  return Buffer.concat([head, body]);
}

/** Feeds `bytes` in random pieces through one reused buffer, as the sockets do. */
function feed(walker: FrameWalker, bytes: Buffer, random: Random, longest: number): void {
  const shared = Buffer.alloc(longest);
  for (let at = 0; at < bytes.length;) {
    const size = Math.min(random.integer(1, longest), bytes.length - at);
    bytes.copy(shared, 0, at, at + size);
    walker.read(shared, 0, size);
    shared.fill(0xee);
    at += size;
  }
}

class Recorder extends FrameWalker {
  readonly payloads: string[] = [];
  readonly peeks: string[] = [];
  private text = '';

  constructor() {
    super();
    this.wantsPayload = true;
  }

  protected override frame(_first: number, length: number, buffer: Buffer, at: number): void {
    this.peeks.push(buffer.toString('latin1', at, at + Math.min(length, PEEK_BYTES)));
  }

  protected override payload(buffer: Buffer, from: number, end: number, rest: number): void {
    this.text += buffer.toString('latin1', from, end);
    if (rest > 0) return;
    this.payloads.push(this.text);
    this.text = '';
  }
}

function wire(): Wire & { sent: string[] } {
  const sent: string[] = [];
  return { sent, send: (text) => void sent.push(String(text)), ready: () => undefined };
}

describe('FrameWalker', () => {
  it.each([1, 3, 30, 1000, 100_000])('finds every frame, cut into pieces of up to %d bytes', (longest) => {
    const random = new Random(longest);
    const sizes = [0, 1, 2, 11, 12, 13, 125, 126, 127, 300, 65_535, 65_536, 70_000];
    const payloads = [...sizes, ...sizes].map((size, n) => String.fromCharCode(97 + n).repeat(size));
    const recorder = new Recorder();
    feed(recorder, Buffer.concat(payloads.map((payload) => frame(payload))), random, longest);
    expect(recorder.payloads.filter((text) => text !== '')).toEqual(payloads.filter((text) => text !== ''));
    expect(recorder.peeks).toEqual(payloads.map((text) => text.slice(0, PEEK_BYTES)));
  });
});

describe('SocketIoStream', () => {
  const STREAM = Buffer.concat([
    frame('0{"sid":"x"}'),
    frame('40{"sid":"y"}'),
    frame('42["connected",{}]'),
    frame('42["underlying_update",{"bench_seq":1,"bench_sent_us":7}]'),
    frame('2'),
    frame('42["subscribed",{"room":"general"}]'),
    frame(`42["chain_update",{"bench_seq": 2, "bench_sent_us": 9, "legs":"${'x'.repeat(70_000)}"}]`),
    frame('42["chain_summary",{}]'),
    frame('compressed', 0xc1),
    frame('42["error",{}]'),
    frame('', 0x80 | Opcode.ping),
  ]);

  it.each([1, 5, 64, 65_536])(
    'counts only market messages and sends replies, pieces of up to %d bytes',
    (longest) => {
      const link = wire();
      const stream = new SocketIoStream(link, PROFILE, undefined, undefined, undefined);
      feed(stream, STREAM, new Random(longest), longest);
      expect({ market: stream.market, errors: stream.errors }).toEqual({ market: 3, errors: 1 });
      expect(link.sent).toEqual(['40', '3']);
    },
  );

  it.each([1, 5, 64, 65_536])('gives whole messages to an observer, pieces of up to %d bytes', (longest) => {
    const taken: string[] = [];
    const observer = { take: (message: Buffer) => void taken.push(message.toString().slice(0, 40)) };
    const inflater = { inflate: (payload: Buffer) => payload };
    const stream = new SocketIoStream(wire(), PROFILE, observer, inflater, undefined);
    feed(stream, STREAM, new Random(longest), longest);
    expect(taken).toEqual([
      '42["underlying_update",{"bench_seq":1,"b',
      '42["chain_update",{"bench_seq": 2, "benc',
      'compressed',
    ]);
  });
});

describe('NatsStream', () => {
  it.each([1, 5, 64, 65_536])('reads messages across frames, in pieces of up to %d bytes', (longest) => {
    const taken: string[] = [];
    const link = wire();
    const observer = { take: (message: Buffer) => void taken.push(message.toString()) };
    const stream = new NatsStream(link, { ...PROFILE, greeting: ['CONNECT {}\r\n'] }, observer);
    const text =
      'INFO {"a":1}\r\nMSG STOCK007 12 5\r\nhello\r\nPING\r\nMSG a 1 0\r\n\r\nMSG a 1 12\r\nMSG a 1 3\r\nx\r\n';
    const cuts = [0, 3, 20, 33, 36, 60, 61, text.length];
    const frames = cuts.slice(1).map((cut, n) => frame(text.slice(cuts[n], cut), 0x82));
    feed(stream, Buffer.concat(frames), new Random(longest), longest);
    expect(stream.market).toBe(3);
    expect(taken).toEqual(['hello\r\n', '\r\n', 'MSG a 1 3\r\nx\r\n']);
    expect(link.sent).toEqual(['CONNECT {}\r\n', 'PONG\r\n']);
  });
});
