import type { PacketGenerator } from './packets.js';
import type { Random } from './random.js';

const IDS = ['0', '1', '7', '-1', '1.5', '1e999', '9007199254740993', '"x"', 'null', '{}', '[]', 'true'];
const EVENTS = ['auth', 'subscribe', 'connect', 'disconnect', '__proto__', 'newListener', ''];
/** Deeper than any recursion can handle, but no longer than a message may be. */
const DEEP = 20_000;

/** A message of a plain WebSocket. Some are valid, and most are almost valid. */
export function plainMessage(random: Random, packets: PacketGenerator): string {
  const { text } = packets.next(random);
  if (random.once(20)) return text;
  if (random.once(50)) return `{"event":"subscribe","data":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`;
  const [, event = JSON.stringify(random.pick(EVENTS)), data = 'null'] =
    /^\d+\[("(?:[^"\\]|\\.)*"),(.*)\]$/s.exec(text) ?? [];
  const fields = [
    random.once(15) ? '' : `"event":${random.once(10) ? random.pick(IDS) : event}`,
    random.once(8) ? '' : `"data":${data}`,
    random.once(2) ? `"id":${random.pick(IDS)}` : '',
  ];
  const message = `{${fields.filter((field) => field !== '').join(',')}}`;
  return random.once(20) ? message.slice(0, random.below(message.length)) : message;
}
