import { ClientEvent, type ConnectErrorData } from '../../contract/index.js';
import { type MessageProblem, UNREADABLE_MESSAGE } from '../message-problem.js';
import { isMessageId, isReservedEvent } from '../message-rules.js';

/*
 * Translates between the messages of plain WebSockets, `{"event", "data", "id"}`, and the packets
 * of Socket.IO as text. Only what is sent to or by one client is translated. Broadcasts are written
 * by the fan-out engine, in the encoding of their receivers.
 */

/** The event with which a client sends its token. */
export const AUTH_EVENT = 'auth';

/** The types of Socket.IO's packets. */
const Packet = { connect: '0', event: '2', ack: '3', connectError: '4' } as const;

/** The separator of packets that were joined; the next one's engine.io type follows. */
const NEXT_PACKET = '\x1e4';

/** What a client sent. */
export interface ClientMessage {
  /** {@link UNREADABLE_MESSAGE} if the message cannot be read; `data` is then the problem. */
  readonly event: string;
  readonly data?: unknown;
  readonly id?: number | undefined;
}

export function parseMessage(text: string): ClientMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return unreadable('json');
  }
  return messageFrom(message);
}

/** @param message a value that a client sent, decoded */
export function messageFrom(message: unknown): ClientMessage {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return unreadable('object');
  const { event, data, id } = message as { readonly event?: unknown; data?: unknown; id?: unknown };
  if (id !== undefined && id !== null && !isMessageId(id)) return unreadable('id');
  const known = isMessageId(id) ? id : undefined;
  if (typeof event !== 'string' || event === UNREADABLE_MESSAGE || isReservedEvent(event)) {
    return unreadable('event', known);
  }
  return { event, data, id: known };
}

export function unreadable(problem: MessageProblem, id?: number): ClientMessage {
  return { event: UNREADABLE_MESSAGE, data: problem, id };
}

/** The packet of a message. A client that is connected sends a new token like any request. */
export function eventPacket({ event, data, id }: ClientMessage): string {
  const name = event === AUTH_EVENT ? ClientEvent.refreshToken : event;
  const start = `${Packet.event}${id ?? ''}`;
  try {
    return `${start}${JSON.stringify(data === undefined ? [name] : [name, data])}`;
  } catch {
    // JSON.parse accepts deeper nesting than JSON.stringify.
    return eventPacket(unreadable('nesting', id));
  }
}

/**
 * The packet with which a client enters.
 * @param auth of its first message or its upgrade request. If it is not an object, it counts as the
 *   token: a client that tried to authenticate must never be silently downgraded to anonymous.
 */
export function connectPacket(auth: unknown): string {
  const isFields = typeof auth === 'object' && !Array.isArray(auth);
  return `${Packet.connect}${jsonOf(isFields || auth === undefined ? (auth ?? {}) : { token: auth })}`;
}

/** JSON.parse accepts deeper nesting than JSON.stringify. So deep values are no token either. */
function jsonOf(auth: object): string {
  try {
    return JSON.stringify(auth);
  } catch {
    return JSON.stringify({ token: [] });
  }
}

export function isConnectReply(packet: string): boolean {
  return packet.startsWith(Packet.connect);
}

/** The `data` of a packet that rejects a client; undefined if the packet is another one. */
export function connectErrorOf(packet: string): Partial<ConnectErrorData> | undefined {
  if (!packet.startsWith(Packet.connectError)) return undefined;
  const { data } = JSON.parse(packet.slice(1)) as { readonly data?: Partial<ConnectErrorData> };
  return data ?? {};
}

/** The messages for what Socket.IO sends to one client, usually one; none for what only it needs. */
export function messagesOf(packets: string): string[] {
  return packets.split(NEXT_PACKET).flatMap((packet) => messageOf(packet) ?? []);
}

function messageOf(packet: string): string | undefined {
  switch (packet.charAt(0)) {
    case Packet.event:
      return eventMessage(packet);
    case Packet.ack:
      return ackMessage(packet);
    case Packet.connectError:
      return JSON.stringify({ event: 'connect_error', data: connectErrorOf(packet) });
    default:
      return undefined;
  }
}

/** An event for one client: its name, and its payload as JSON. */
export interface EventText {
  readonly event: string;
  readonly data: string;
}

/** The events among what Socket.IO sends to one client. */
export function eventsOf(packets: string): EventText[] {
  return packets.split(NEXT_PACKET).flatMap((packet) => eventOf(packet) ?? []);
}

/** Reads `2["name",data]`; undefined for other packets. The gateway's names need no escapes. */
function eventOf(packet: string): EventText | undefined {
  if (!packet.startsWith(Packet.event)) return undefined;
  const end = packet.indexOf('"', 3);
  return { event: packet.slice(3, end), data: packet.slice(end + 2, -1) || 'null' };
}

function eventMessage(packet: string): string | undefined {
  const message = eventOf(packet);
  return message && eventHead(message.event) + message.data + MESSAGE_TAIL;
}

/** `3id[data]`. */
function ackMessage(packet: string): string {
  const start = packet.indexOf('[');
  const data = packet.slice(start + 1, -1);
  return `{"event":"ack","id":${packet.slice(1, start)},"data":${data === '' ? 'null' : data}}`;
}

/** The text of a message before its data. */
export function eventHead(event: string): string {
  return `{"event":${JSON.stringify(event)},"data":`;
}

/** The text of a message after its data. */
export const MESSAGE_TAIL = '}';
