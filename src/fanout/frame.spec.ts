import { JsonPayload } from '../contract/index.js';
import type { Encoding } from './encoding.js';
import { Frame } from './frame.js';

/** An encoding that counts what it encodes. */
class Counting implements Encoding<string> {
  count = 0;

  encode({ event, text }: Frame): string {
    this.count++;
    return `${event}:${text}`;
  }

  join(parts: readonly string[]): string {
    return parts.join('+');
  }
}

const frame = (text: string, event = 'tick', key = 'key') => Frame.ofEvent(event, new JsonPayload(text, key));

describe('Frame', () => {
  it('is encoded once for each encoding, and only for those that are used', () => {
    const [one, two, unused] = [new Counting(), new Counting(), new Counting()];
    const tick = frame('1');
    for (let client = 0; client < 10; client++)
      expect([tick.in(one), tick.in(two)]).toEqual(['tick:1', 'tick:1']);
    expect([one, two, unused].map(({ count }) => count)).toEqual([1, 1, 0]);
  });

  it('has different keys for different events and payload keys', () => {
    expect(frame('1').key).not.toBe(frame('1', 'other').key);
    expect(frame('1').key).not.toBe(frame('1', 'tick', 'other').key);
  });

  it('joins others from what they were encoded to, once', () => {
    const encoding = new Counting();
    const parts = [frame('1'), frame('23')];
    const joined = Frame.joined(parts);
    parts[0]!.in(encoding);
    expect([joined.in(encoding), joined.in(encoding)]).toEqual(['tick:1+tick:23', 'tick:1+tick:23']);
    expect(encoding.count).toBe(2);
    expect([joined.parts, parts[0]!.parts, joined.size]).toEqual([parts, [parts[0]], 3]);
  });
});
