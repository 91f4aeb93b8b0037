import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { cleanUp } from './cleanup.js';
import { PacketCheck } from './packet-check.js';
import { waitFor } from './wait.js';

const TEXT = 1;
const CLOSE = 8;
/** The bytes that permessage-deflate omits at the end of each message (RFC 7692, 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** A frame as it was on the wire. */
export interface WireFrame {
  readonly opcode: number;
  /** Its first reserved bit, which means "deflated". */
  readonly rsv1: boolean;
  readonly payload: Buffer;
}

/**
 * A WebSocket to the gateway's Socket.IO endpoint without a client library. It exposes the bytes on
 * the wire, and can send what no client would. Received messages are checked against the AsyncAPI
 * document.
 */
export class RawWebSocket {
  readonly frames: WireFrame[] = [];
  /** The gateway's response to the upgrade. */
  head = '';
  private rest: Buffer = Buffer.alloc(0);
  private readonly packets = new PacketCheck();

  private constructor(readonly tcp: TcpSocket) {
    this.packets.contract.sendsInvalid = true;
    tcp.on('data', (chunk: Buffer) => this.take(chunk));
    tcp.on('error', () => undefined);
  }

  /**
   * Connects to the main namespace, and waits for the `connected` event.
   * @param extensions the extensions to offer, as the header's value
   * @param auth the same as `auth` of a stock client
   */
  static async connect(url: string, extensions?: string, auth?: object): Promise<RawWebSocket> {
    const socket = await RawWebSocket.open(url, extensions);
    socket.send(`40${auth ? JSON.stringify(auth) : ''}`);
    await waitFor(() => socket.events('connected').length === 1, 'no connected event came');
    return socket;
  }

  /**
   * Opens a session without joining a namespace.
   * @param sid the id of a polling session to upgrade
   */
  static async open(url: string, extensions?: string, sid?: string): Promise<RawWebSocket> {
    const { port, hostname } = new URL(url);
    const tcp = connect(Number(port), hostname);
    cleanUp(() => void tcp.destroy());
    await once(tcp, 'connect');
    const socket = new RawWebSocket(tcp);
    const lines = [
      `GET /socket.io/?EIO=4&transport=websocket${sid === undefined ? '' : `&sid=${sid}`} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
    ];
    tcp.write(`${lines.join('\r\n')}\r\n\r\n`);
    await waitFor(() => socket.head !== '', 'the upgrade was not answered');
    return socket;
  }

  /** The text of each message, in the order received. */
  texts(): string[] {
    return this.frames.map(textOf);
  }

  /** The extensions that the gateway accepted, or undefined. */
  get extensions(): string | undefined {
    return /^sec-websocket-extensions: (.*)$/im.exec(this.head)?.[1];
  }

  /** The close code of the connection. */
  get closeCode(): number | undefined {
    return this.frames.find(({ opcode }) => opcode === CLOSE)?.payload.readUInt16BE(0);
  }

  /** The JSON of each event with this name, and the frame that contained it. */
  events(name: string): { readonly json: string; readonly frame: WireFrame }[] {
    const start = `42${JSON.stringify([name]).slice(0, -1)},`;
    return this.frames.flatMap((frame) => {
      const text = textOf(frame);
      return text.startsWith(start) ? [{ json: text.slice(start.length, -1), frame }] : [];
    });
  }

  /** The acknowledgement with this id. */
  answer(id: number): unknown {
    const frame = this.frames.find((candidate) => textOf(candidate).startsWith(`43${id}[`));
    return frame && JSON.parse(textOf(frame).slice(`43${id}`.length));
  }

  /** Sends a text message, compressed or not. */
  send(text: string, deflated = false): void {
    this.packets.carried('sent', text);
    const plain = Buffer.from(text);
    const payload = deflated
      ? deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TAIL.length)
      : plain;
    this.tcp.write(clientFrame(0x80 | (deflated ? 0x40 : 0) | TEXT, payload));
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    if (this.head === '') {
      const end = this.rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.rest.toString('latin1', 0, end);
      this.rest = this.rest.subarray(end + 4);
    }
    for (let read = readFrame(this.rest); read; read = readFrame(this.rest)) {
      this.frames.push(read.frame);
      this.packets.carried('received', textOf(read.frame));
      this.rest = this.rest.subarray(read.size);
    }
  }
}

/**
 * The first frame in the bytes of a server, and its size on the wire. Undefined until the frame is
 * complete.
 */
export function readFrame(bytes: Buffer): { readonly frame: WireFrame; readonly size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < start) return undefined;
  const length =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const size = start + length;
  if (bytes.length < size) return undefined;
  const payload = Buffer.from(bytes.subarray(start, size));
  return { frame: { opcode: bytes[0]! & 0x0f, rsv1: (bytes[0]! & 0x40) !== 0, payload }, size };
}

/**
 * A frame as a client sends it.
 * @param head its first byte: 0x80 for the last frame of a message, plus the opcode
 */
export function clientFrame(head: number, payload: Uint8Array): Buffer {
  const long = payload.length > 125;
  const header = Buffer.alloc(long ? 14 : 6); // ends with a masking key of zeros, which changes nothing
  header[0] = head;
  header[1] = 0x80 | (long ? 127 : payload.length);
  if (long) header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

/** The text of a frame. Each compressed frame can be inflated separately. */
function textOf({ opcode, rsv1, payload }: WireFrame): string {
  if (opcode !== TEXT) return '';
  if (!rsv1) return payload.toString();
  return inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}
