import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorDetail, HandshakeOptions, SubscribeRequest } from '../../contract/index.js';
import { type HandshakeQuery, queryOf, setQuery } from '../socket-io/engine-io-internals.js';
import { resumePoint } from './resume-point.js';
import { roomsOf, type RoomLimits } from './room-list.js';

/** The name of server-sent events in `TRANSPORTS`. */
export const SSE = 'sse';

/** Where event streams are asked for. */
export const SSE_PATH = '/sse';

const PATH = /^\/sse\/?(?:\?|$)/;

/** The methods that the path has. Express answers OPTIONS, for pages of other origins. */
const METHODS = 'GET, OPTIONS';

/**
 * The query with which a request for an event stream passes through engine.io. It is compared by
 * identity, so that a request on the path of Socket.IO cannot claim to be one.
 */
const QUERY: HandshakeQuery = Object.freeze({ EIO: '4', transport: SSE });

export function isEventStream({ method, url = '' }: IncomingMessage): boolean {
  return method === 'GET' && PATH.test(url);
}

/** Makes a request count as one for an event stream, whatever query its client sent. */
export function markSse(request: IncomingMessage): void {
  setQuery(request, QUERY);
}

export function isSse(request: IncomingMessage): boolean {
  return queryOf(request) === QUERY;
}

/** What a client asked for. */
export interface SseRequest {
  /** It has the form of `auth` of Socket.IO clients. */
  readonly auth: HandshakeOptions;
  /** The requests that the client would send if it could, in order. */
  readonly subscriptions: readonly SubscribeRequest[];
  /** Whether it reads gzip. */
  readonly readsGzip: boolean;
}

/**
 * Reads a request, but never a token from its address: every proxy on the way logs URLs.
 * @returns what is wrong with it, if it is wrong
 */
export function readSseRequest(
  { url = '', headers }: IncomingMessage,
  limits: RoomLimits,
): SseRequest | ErrorDetail {
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) {
    return { field: 'body', problem: 'must be left out' };
  }
  const { searchParams } = new URL(url, 'http://localhost');
  const lastEventId = headers['last-event-id'] ?? searchParams.get('lastEventId');
  const rooms = roomsOf(searchParams.getAll('rooms').join(), resumePoint(lastEventId), limits);
  if ('problem' in rooms) return rooms;
  return {
    // `general` is subscribed to like every other room.
    auth: { general: 'off', ...(searchParams.get('statuses') === 'batch' && { statuses: 'batch' }) },
    subscriptions: rooms.subscriptions,
    readsGzip: acceptsGzip(headers['accept-encoding']),
  };
}

/**
 * Answers a request to the path of event streams that gets none: one that is not GET, or that came
 * before the answer to an earlier request of its connection was complete.
 */
export function refuseStream(
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
  next: () => void,
): void {
  if (!PATH.test(request.originalUrl ?? request.url ?? '')) {
    next();
    return;
  }
  const isPipelined = request.method === 'GET';
  const statusCode = isPipelined ? 400 : 405;
  const message = isPipelined
    ? 'Ask for an event stream when the request before it is answered.'
    : 'Ask for this path with GET.';
  response.writeHead(statusCode, {
    'Content-Type': 'application/json; charset=utf-8',
    ...(isPipelined ? { Connection: 'close' } : { Allow: METHODS }),
  });
  response.end(JSON.stringify({ statusCode, message }));
}

/** Whether `Accept-Encoding` names gzip, and not with the weight 0, which rules it out. */
function acceptsGzip(header: string | readonly string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((coding) => /^\s*gzip\s*(?:;(?!\s*q=0(?:\.0*)?\s*$)|$)/i.test(coding));
}
