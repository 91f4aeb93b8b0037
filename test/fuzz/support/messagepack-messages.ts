import { encode } from '../../support/messagepack.js';
import { frame, OPCODE } from './frames.js';
import { mutate } from './mutate.js';
import type { PacketGenerator } from './packets.js';
import { plainMessage } from './plain-messages.js';
import type { Random } from './random.js';

/** Starts of values that claim more than follows, and of values that JSON does not have. */
const HOSTILE = [
  ...['c1', 'c4ff', 'c6ffffffff', 'c70005', 'c9ffffffff01', 'd40000', 'd6ff00000000', 'd7ff0000000000000000'],
  ...[
    'dbffffffff',
    'ddffffffff',
    'dfffffffff',
    'dcffff',
    'deffff',
    'd47240',
    'cb7ff8000000000000',
    'ca7f800000',
  ],
  ...['cfffffffffffffffff', 'd38000000000000000', '81c001', '818001', '82a16101a16102', 'a2c328'],
].map((hex) => Buffer.from(hex, 'hex'));
const DEPTHS = [31, 32, 33, 1_000, 100_000];

/** A frame with a message in MessagePack. Some are valid, and most are almost valid. */
export function messagePackFrame(random: Random, packets: PacketGenerator, isPlain: boolean): Buffer {
  const valid = encode(isPlain ? messageOf(random, packets) : packetOf(random, packets));
  const payload = random.once(3) ? valid : changed(random, valid);
  return frame(payload, { opcode: random.once(20) ? OPCODE.text : OPCODE.binary }, random);
}

function changed(random: Random, valid: Buffer): Buffer {
  if (random.once(4))
    return Buffer.concat([valid.subarray(0, random.below(valid.length)), random.pick(HOSTILE)]);
  if (random.once(10)) return Buffer.concat([Buffer.alloc(random.pick(DEPTHS), 0x91), random.pick(HOSTILE)]);
  return mutate(random, valid, random.pick(HOSTILE));
}

function messageOf(random: Random, packets: PacketGenerator): unknown {
  return parsed(plainMessage(random, packets));
}

function packetOf(random: Random, packets: PacketGenerator): unknown {
  const [, type = '2', id, json = 'null'] = /^(\d)(\d+)?(.*)$/s.exec(packets.next(random).text) ?? [];
  return {
    type: random.once(8) ? random.below(8) : Number(type),
    nsp: random.once(20) ? '/other' : '/',
    data: parsed(json),
    ...(id !== undefined && { id: Number(id) }),
  };
}

/** The value of a JSON text that may be invalid. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    encode(value);
    return value;
  } catch {
    return text.slice(0, 1_000);
  }
}
