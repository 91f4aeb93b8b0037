import { mutate } from './mutate.js';
import type { PacketGenerator } from './packets.js';
import type { PollingInput } from './polling-lane.js';
import type { Random } from './random.js';

/** The separator of the packets in one body. */
const SEPARATOR = '\x1e';
const ENGINE = [
  '2',
  '2probe',
  '3',
  '3probe',
  '5',
  '6',
  '0',
  '0{"sid":"x"}',
  '7',
  '',
  'b',
  'bAAAA',
  'b===',
  'bé',
  '4',
  'x',
];
const TYPES = [
  'text/plain',
  'application/octet-stream',
  'application/json',
  '',
  'multipart/form-data',
  'text/plain;charset=utf-16',
];
const METHODS = ['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'POST'];
const TRANSPORTS = [
  'polling',
  'websocket',
  'webtransport',
  '__proto__',
  'constructor',
  'toString',
  '',
  'polling,websocket',
];
const EIOS = ['3', '5', '', '4.0', '-1', '__proto__', '4'];

/**
 * Generates valid and invalid requests to a polling session.
 * @param sids the sessions that other clients have open
 */
export function pollingInput(
  random: Random,
  packets: PacketGenerator,
  sids: readonly string[],
): PollingInput {
  if (random.once(6)) return oddRequest(random, sids);
  const valid = Buffer.from(body(random, packets));
  const content = random.once(5) ? mutate(random, valid, Buffer.from(body(random, packets))) : valid;
  const headers: Record<string, string> = random.once(12) ? { 'content-type': random.pick(TYPES) } : {};
  return { method: 'POST', headers, body: content };
}

function body(random: Random, packets: PacketGenerator): string {
  const kind = random.below(24);
  if (kind === 0) return SEPARATOR.repeat(1 + random.below(1_000));
  if (kind === 1) return Array.from({ length: 1 + random.below(3_000) }, () => '3').join(SEPARATOR);
  if (kind === 2) return Array.from({ length: 1 + random.below(300) }, () => '40').join(SEPARATOR);
  if (kind === 3) return Array.from({ length: 1 + random.below(300) }, () => '41').join(SEPARATOR);
  if (kind === 4 && random.once(10)) return `4${'x'.repeat(400_000)}`;
  if (kind < 7) return packet(random, packets) + SEPARATOR + random.pick(ENGINE);
  return Array.from({ length: random.pick([1, 1, 1, 2, 5]) }, () => packet(random, packets)).join(SEPARATOR);
}

/** With its attachments, which are base64 in a body. */
function packet(random: Random, packets: PacketGenerator): string {
  const { text, attachments } = packets.next(random);
  const binary = attachments.map((bytes) => `b${bytes.toString('base64')}`);
  return [`4${text}`, ...binary].join(SEPARATOR);
}

function oddRequest(random: Random, sids: readonly string[]): PollingInput {
  const query: Record<string, string> = {};
  if (random.once(2)) query.transport = random.pick(TRANSPORTS);
  if (random.once(3)) query.EIO = random.pick(EIOS);
  if (random.once(2)) query.sid = random.pick(['', 'none', '__proto__', 'constructor', '\0', ...sids]);
  if (random.once(5)) query[random.pick(['__proto__', 'b64', 'j', 't', 'token', 'EIO[]'])] = '1';
  const method = random.pick(METHODS);
  const headers: Record<string, string> = random.once(3)
    ? { origin: random.pick(['null', 'http://a.example', 'é']) }
    : {};
  return { method, query, headers, body: method === 'GET' ? undefined : Buffer.from('40') };
}
