import { ContractCheck } from './contract-check.js';

/** The types of Socket.IO packets that the contract covers. */
const CONNECT = '0';
const EVENT = '2';
const ACK = '3';
const CONNECT_ERROR = '4';
const OTHER_NAMESPACE = /^\d\//;

/** The separator of packets in one HTTP body of engine.io's protocol. */
export const SEPARATOR = '\x1e';
/** The type of engine.io packets that contain Socket.IO packets. */
const MESSAGE = '4';

/**
 * Checks the packets of one connection in the main namespace, as they were on the wire, against the
 * AsyncAPI document.
 */
export class PacketCheck {
  readonly contract = new ContractCheck();
  private readonly acknowledgements = new Map<string, (answer: unknown) => void>();

  /**
   * @param kinds collects the kinds of the checked messages: `sent subscribe`, `acknowledged
   * subscribe`, `received connected`
   */
  constructor(private readonly kinds = new Set<string>()) {}

  /**
   * Checks the text that a client sends. Input that is not a packet is ignored, because the
   * contract does not describe it.
   */
  sent(packet: string): void {
    const { type, id, data } = parse(packet) ?? {};
    // The client starts a new count of its requests. Responses to earlier polls may still be read
    // later.
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

  /** Checks engine.io's own packets as well as those with Socket.IO packets. */
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
  /** Empty if the packet asks for no acknowledgement. */
  readonly id: string;
  readonly data: unknown;
}

/** Undefined for text that is not a packet, has attachments, or belongs to another namespace. */
function parse(packet: string): Packet | undefined {
  const [, type, id, json] = /^([0-4])(\d*)([[{].*)?$/s.exec(packet) ?? [];
  if (type === undefined) return undefined;
  try {
    return { type, id: id!, data: json === undefined ? undefined : (JSON.parse(json) as unknown) };
  } catch {
    return undefined;
  }
}
