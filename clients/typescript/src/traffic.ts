import type { RawSocket } from './options.js';

/** Such text has one byte for each character. */
const PRINTABLE = /^[\n\r\t\x20-\x7e]*$/;

/**
 * Calls `received` with the size of each message that the connection receives, in bytes before
 * compression. It listens to the packets of Engine.IO, which socket.io-client documents.
 */
export function reportBytes(socket: RawSocket, received: (bytes: number) => void): void {
  socket.io?.engine?.on('packet', ({ data }) => received(TYPE_BYTES + sizeOf(data)));
}

/** Each packet begins with one character for its type. */
const TYPE_BYTES = 1;

function sizeOf(data: unknown): number {
  if (typeof data === 'string')
    return PRINTABLE.test(data) ? data.length : new TextEncoder().encode(data).length;
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data.byteLength;
  return 0;
}
