import { AdapterSeal, MAX_SEALED_BYTES, VALID_MS } from './adapter-seal.js';

const CHANNEL = 'socket-gateway:adapter:x-request#/#';
const SECRET = 's'.repeat(32);

const opened = (seal: AdapterSeal, message: Buffer, channel = CHANNEL) => {
  const result = seal.open(channel, message);
  return 'dropped' in result ? result.dropped : `opened ${result.payload}`;
};

describe('AdapterSeal', () => {
  let now: number;
  let ours: AdapterSeal;
  let other: AdapterSeal;
  beforeEach(() => {
    now = 1_795_322_619_000;
    ours = new AdapterSeal(SECRET, () => now);
    other = new AdapterSeal(SECRET, () => now);
  });

  it('opens a message of a replica with the same secret, whatever characters it contains', () => {
    expect(opened(ours, other.seal(CHANNEL, '{"a":"é\u0000"}'))).toBe('opened {"a":"é\u0000"}');
    expect(opened(ours, ours.seal(CHANNEL, ''))).toBe('opened ');
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'format'],
    ['text', Buffer.from('hello'), 'format'],
    ['JSON', Buffer.from('{"type":4,"opts":{"rooms":[],"except":[]},"close":true}'.repeat(2)), 'format'],
    [
      'a message that is cut off',
      new AdapterSeal(SECRET, Date.now).seal(CHANNEL, '{}').subarray(0, 59),
      'format',
    ],
    ['our format without a signature', Buffer.concat([Buffer.from('SGA1'), Buffer.alloc(80)]), 'signature'],
    ['a huge message', Buffer.alloc(MAX_SEALED_BYTES + 1, 'SGA1'), 'size'],
  ])('drops %s', (_, message, reason) => expect(opened(ours, message)).toBe(reason));

  it('drops a message that was signed with another secret', () => {
    const stranger = new AdapterSeal('t'.repeat(32), () => now);
    expect(opened(ours, stranger.seal(CHANNEL, '{}'))).toBe('signature');
  });

  it('drops a message with any changed bit', () => {
    const message = ours.seal(CHANNEL, '{}');
    for (let bit = 32; bit < message.length * 8; bit++) {
      const changed = Buffer.from(message);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(opened(ours, changed)).toBe('signature');
    }
    expect(opened(ours, message)).toBe('opened {}');
  });

  it('drops a message that was signed for another channel', () => {
    const message = ours.seal(CHANNEL, '{}');
    expect(opened(ours, message, 'socket-gateway:adapter:x-response#/#')).toBe('signature');
    expect(opened(ours, message, CHANNEL.slice(0, -1))).toBe('signature');
  });

  it('opens a message only once', () => {
    const message = other.seal(CHANNEL, '{}');
    expect(opened(ours, message)).toBe('opened {}');
    expect(opened(ours, message)).toBe('replay');
    // Two messages with the same text in the same millisecond are different messages.
    expect(opened(ours, other.seal(CHANNEL, '{}'))).toBe('opened {}');
  });

  it.each([VALID_MS + 1, -VALID_MS - 1])('drops a message that is %d ms old', (age) => {
    const message = other.seal(CHANNEL, '{}');
    now += age;
    expect(opened(ours, message)).toBe('replay');
    now -= Math.sign(age);
    expect(opened(ours, message)).toBe('opened {}');
  });

  it('remembers a limited number of messages, each as long as it is valid', () => {
    const first = other.seal(CHANNEL, 'first');
    expect(opened(ours, first)).toBe('opened first');
    for (let n = 0; n < 9_999; n++) opened(ours, other.seal(CHANNEL, ''));
    expect(opened(ours, first)).toBe('replay');
    const { seen } = ours as unknown as { seen: Map<string, number> };
    opened(ours, other.seal(CHANNEL, ''));
    expect(seen.size).toBe(10_000);
    now += VALID_MS + 1;
    opened(ours, other.seal(CHANNEL, ''));
    expect(seen.size).toBe(1);
  });

  it('does not seal a message that is too large to be opened', () => {
    expect(() => ours.seal(CHANNEL, 'x'.repeat(MAX_SEALED_BYTES))).toThrow(/more than/);
  });
});
