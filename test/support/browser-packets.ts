import type { Page, Request } from 'playwright-core';
import { PacketCheck, SEPARATOR } from './packet-check.js';

/**
 * Checks the messages that a page's clients send and receive, over WebSocket and polling, against
 * the AsyncAPI document.
 * @param kinds collects the kinds of the checked messages; see PacketCheck
 * @param reading collects the promises to await before all received messages are checked
 */
export function checkPackets(page: Page, kinds: Set<string>, reading: Promise<void>[]): void {
  const sessions = new Map<string, PacketCheck>();
  /**
   * Finds the packets of a session, which may use both transports. Undefined if the request is not
   * Socket.IO. A session that began as a WebSocket has no id yet.
   */
  const sessionOf = (address: string): PacketCheck | undefined => {
    const { pathname, searchParams } = new URL(address);
    if (!pathname.endsWith('/socket.io/') || !searchParams.has('EIO')) return undefined;
    const id = searchParams.get('sid');
    const session = (id === null ? undefined : sessions.get(id)) ?? new PacketCheck(kinds);
    if (id !== null) sessions.set(id, session);
    return session;
  };

  page.on('websocket', (socket) => {
    const session = sessionOf(socket.url());
    if (!session) return;
    socket.on('framesent', ({ payload }) => session.carried('sent', String(payload)));
    socket.on('framereceived', ({ payload }) => session.carried('received', String(payload)));
  });
  page.on('request', (request) => {
    const body = request.postData();
    if (body !== null) each(body, (packet) => sessionOf(request.url())?.carried('sent', packet));
  });
  page.on('requestfinished', (request) => {
    const session = isPoll(request) ? sessionOf(request.url()) : undefined;
    if (!session) return;
    const answer = request
      .response()
      .then((response) => response?.text() ?? '')
      .catch(() => ''); // the page was closed before the response arrived
    reading.push(answer.then((body) => each(body, (packet) => session.carried('received', packet))));
  });
}

const isPoll = (request: Request): boolean =>
  request.method() === 'GET' && request.url().includes('transport=polling');

function each(body: string, take: (packet: string) => void): void {
  for (const packet of body.split(SEPARATOR)) take(packet);
}
