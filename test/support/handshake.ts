import { get, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { askForStream } from './sse-client.js';

export interface HandshakeResponse {
  /** 200 or 101 if a session was created. */
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Handshake = (url: string, headers?: OutgoingHttpHeaders) => Promise<HandshakeResponse>;

const WEBSOCKET = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

async function answerOf(response: IncomingMessage): Promise<HandshakeResponse> {
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

/**
 * Sends the first request of a client directly, because the stock client does not expose the
 * response.
 */
export const HANDSHAKES: Readonly<
  Record<'polling' | 'websocket' | 'plain websocket' | 'event stream', Handshake>
> = {
  polling: (url, headers) =>
    new Promise((resolve, reject) => {
      get(
        `${url}/socket.io/?EIO=4&transport=polling`,
        { agent: false, headers },
        (response) => void answerOf(response).then(resolve, reject),
      ).on('error', reject);
    }),
  websocket: (url, headers) => upgrade(`${url}/socket.io/?EIO=4&transport=websocket`, headers),
  'plain websocket': (url, headers) => upgrade(`${url}/ws`, headers),
  'event stream': (url, headers) => askForStream(`${url}/sse?rooms=general`, { headers }),
};

/** Sends an upgrade request, and closes the WebSocket if it is opened. */
export function upgrade(
  url: string,
  headers?: OutgoingHttpHeaders,
  method = 'GET',
): Promise<HandshakeResponse> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { ...WEBSOCKET, ...headers }, agent: false, method })
      .on('response', (response) => void answerOf(response).then(resolve, reject))
      .on('upgrade', (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode, headers: response.headers, body: '' });
      })
      .on('error', reject)
      .end();
  });
}

/**
 * Expects that a new client is rejected for `reason` over every transport, before a session is
 * created.
 */
export async function expectRefused(url: string, reason: string): Promise<void> {
  for (const handshake of Object.values(HANDSHAKES)) {
    const { status, headers, body } = await handshake(url);
    expect(status).toBe(503);
    expect(headers['retry-after']).toMatch(/^[1-5]$/);
    const retry_after_ms = Number(headers['retry-after']) * 1_000;
    expect(JSON.parse(body)).toEqual({ reason, message: expect.any(String), retry_after_ms });
  }
}
