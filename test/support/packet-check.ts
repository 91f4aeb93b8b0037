import { ContractCheck } from './contract-check.js';

/** Socket.IO's types of packets that the contract is about. */
const CONNECT = '0';
const EVENT = '2';
const ACK = '3';
const CONNECT_ERROR = '4';
const OTHER_NAMESPACE = /^\d\//;

/** What separates the packets of one HTTP body in engine.io's protocol. */
export const SEPARATOR = '\x1e';
/** engine.io's type of those that are Socket.IO's. */
const MESSAGE = '4';

/** Holds the packets of one connection, as they were on the wire, against the AsyncAPI document: those of the main namespace. */
export class PacketCheck {
  readonly contract = new ContractCheck();
  private readonly acknowledgements = new Map<string, (answer: unknown) => void>();

  /** @param kinds gets those of messages that were checked: `sent subscribe`, `acknowledged subscribe`, `received connected` */
  constructor(private readonly kinds = new Set<string>()) {}

  /** Text that a client writes. What is no packet at all nobody has described. */
  sent(packet: string): void {
    const { type, id, data } = parse(packet) ?? {};
    // It counts its requests anew. What was received before may be read later: the answers to polls are.
    if (type === CONNECT) this.acknowledgements.clear();
    if (type !== EVENT || !Array.isArray(data)) return;
    const [event, ...args] = data as unknown[];
    const check = this.contract.sent(String(event), args);
    this.kinds.add(`sent ${String(event)}`);
    if (!id) return;
    this.acknowledgements.set(id, (answer) => {
      this.kinds.add(`acknowledged ${String(event)}`);
      check(answer);
    });
  }

  received(packet: string): void {
    if (OTHER_NAMESPACE.test(packet)) return;
    const { type, id = '', data } = parse(packet) ?? {};
    const list = Array.isArray(data) ? (data as unknown[]) : [];
    if (type === undefined) this.event('something that cannot be read', packet);
    else if (type === EVENT) this.event(String(list[0]), list[1]);
    else if (type === CONNECT_ERROR) this.event('connect_error', data);
    else if (type === ACK) {
      this.acknowledgements.get(id)?.(list.at(-1));
      this.acknowledgements.delete(id);
    }
  }

  /** The same of what engine.io carries: packets of its own, and Socket.IO's. */
  carried(direction: 'sent' | 'received', packet: string): void {
    if (packet.startsWith(MESSAGE)) this[direction](packet.slice(MESSAGE.length));
  }

  private event(event: string, payload: unknown): void {
    this.kinds.add(`received ${event}`);
    this.contract.received(event, payload);
  }
}

interface Packet {
  readonly type: string;
  /** Empty where no acknowledgement is asked for. */
  readonly id: string;
  readonly data: unknown;
}

/** Undefined where it is none, has attachments, or is of another namespace. */
function parse(packet: string): Packet | undefined {
  const [, type, id, json] = /^([0-4])(\d*)([[{].*)?$/s.exec(packet) ?? [];
  if (type === undefined) return undefined;
  try {
    return { type, id: id!, data: json === undefined ? undefined : (JSON.parse(json) as unknown) };
  } catch {
    return undefined;
  }
}
