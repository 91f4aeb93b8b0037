import { type IncomingMessage, ServerResponse } from 'node:http';
import { type PollingTransport, pollingTransportOf, queryOf } from './engine-io-internals.js';

/** What a message of a usual size counts as one of: see `MessageLimiter`. */
const BYTES_PER_MESSAGE = 1_024;

/** The longest body, however large the burst is: it is parsed in one turn of the event loop. */
const MAX_BURST_BYTES = 4_194_304;

/** Limit of the long bodies that are being received at the same time, from all clients, bytes. */
const MAX_IN_FLIGHT_BYTES = 33_554_432;

/** The longest time that a client is asked to wait while too many long bodies arrive, seconds. */
const MAX_RETRY_AFTER_S = 5;

/** Separates the packets of a body. */
const SEPARATOR = '\x1e';

/** The fewest bytes of a packet: its type and a separator. */
const MIN_PACKET_BYTES = 2;

/** Why a body is refused: it or one of its messages is too large, or too many others arrive. */
export const BODY_REFUSALS = ['too_large', 'busy'] as const;
export type BodyRefusal = (typeof BODY_REFUSALS)[number];

export interface PollingBodyOptions {
  /** The server of engine.io. */
  readonly engine: object;
  /** `MAX_PAYLOAD_BYTES`. */
  readonly maxMessageBytes: number;
  readonly eventBurst: number;
  /** Limit of the long bodies in flight; the default is 32 MB. */
  readonly maxInFlightBytes?: number;
  readonly onRefused: (reason: BodyRefusal) => void;
}

/**
 * Limits the bodies with which polling clients send. Clients before Socket.IO 4.5 put everything
 * that they send in one turn into one body, so a body may be as long as a whole burst of messages.
 * Each message in it is still limited like a message over WebSocket.
 *
 * A body that is no longer than one message needs none of these checks. A body without a
 * `Content-Length` may only be as long as one message, because it does not announce that it needs a
 * part of the budget.
 */
export class PollingBodyLimiter {
  private readonly maxBodyBytes: number;
  private readonly maxPackets: number;
  private readonly maxInFlightBytes: number;
  private inFlight = 0;

  constructor(private readonly options: PollingBodyOptions) {
    const { maxMessageBytes, eventBurst } = options;
    this.maxBodyBytes = Math.max(maxMessageBytes, Math.min(eventBurst * BYTES_PER_MESSAGE, MAX_BURST_BYTES));
    // As many as a body of one message could always have. `MessageLimiter` closes a client long
    // before that, and tells it the reason. This limit only keeps tiny packets, each of which costs
    // an object, from filling a long body.
    this.maxPackets = Math.max(maxMessageBytes / MIN_PACKET_BYTES, 2 * eventBurst);
    // One body is always accepted.
    this.maxInFlightBytes = Math.max(options.maxInFlightBytes ?? MAX_IN_FLIGHT_BYTES, this.maxBodyBytes);
  }

  /**
   * Middleware of engine.io. It sets the limit of the transport for this body, and engine.io
   * responds with 413 to a body beyond it.
   */
  readonly check = (request: IncomingMessage, response: unknown, next: () => void): void => {
    const { sid } = queryOf(request);
    const isBody = request.method === 'POST' && sid !== undefined && isResponse(response);
    const transport = isBody ? pollingTransportOf(this.options.engine, sid) : undefined;
    if (!transport || !isBody) {
      next();
      return;
    }
    const { maxMessageBytes } = this.options;
    const length = contentLength(request);
    transport.maxHttpBufferSize = maxMessageBytes;
    if (length === undefined || length > this.maxBodyBytes) this.countRefusal(response);
    if (length === undefined || length <= maxMessageBytes || length > this.maxBodyBytes) next();
    else if (this.inFlight + length > this.maxInFlightBytes) this.refuse(response);
    else {
      this.watch(request, response, transport);
      next();
    }
  };

  /**
   * Checks each message of a long body before engine.io, which splits and decodes the whole of it
   * in one go. This listener is called before the one of engine.io, so that engine.io responds with
   * 413 to the same chunk.
   *
   * Only bytes that have arrived count against the budget, until the response is sent or the
   * connection is closed. Otherwise a few connections that announce long bodies and send nothing
   * would keep out the bodies of all other clients.
   */
  private watch(request: IncomingMessage, response: ServerResponse, transport: PollingTransport): void {
    const packets = new PacketBounds(this.options.maxMessageBytes, this.maxPackets);
    transport.maxHttpBufferSize = this.maxBodyBytes;
    let held = 0;
    request.on('data', (chunk: string | Buffer) => {
      if (response.closed || transport.maxHttpBufferSize === 0) return;
      const bytes = Buffer.byteLength(chunk);
      held += bytes;
      this.inFlight += bytes;
      const isBusy = this.inFlight > this.maxInFlightBytes;
      // engine.io sets the encoding of the body, so it is a text.
      if (!isBusy && packets.accept(chunk.toString())) return;
      transport.maxHttpBufferSize = 0;
      this.options.onRefused(isBusy ? 'busy' : 'too_large');
    });
    response.once('close', () => (this.inFlight -= held));
  }

  private countRefusal(response: ServerResponse): void {
    response.once('close', () => {
      if (response.statusCode === 413) this.options.onRefused('too_large');
    });
  }

  /** The session stays as it is: the client may send the same body again. */
  private refuse(response: ServerResponse): void {
    this.options.onRefused('busy');
    // Random, so that clients that were refused together do not return together.
    const seconds = 1 + Math.floor(Math.random() * MAX_RETRY_AFTER_S);
    const message = 'Too many clients are sending long requests. Try again after retry_after_ms.';
    const body = JSON.stringify({ message, reason: 'busy', retry_after_ms: seconds * 1_000 });
    response.writeHead(503, {
      'Content-Type': 'application/json',
      'Content-Length': `${Buffer.byteLength(body)}`,
      'Retry-After': `${seconds}`,
      'Access-Control-Expose-Headers': 'Retry-After',
    });
    response.end(body);
  }
}

/** Measures the packets of one body as it arrives. */
class PacketBounds {
  private bytes = 0;
  private packets = 1;

  constructor(
    private readonly maxBytes: number,
    private readonly maxPackets: number,
  ) {}

  /** Returns false if a packet is too long, or if there are too many. */
  accept(chunk: string): boolean {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(SEPARATOR, start);
      this.bytes += Buffer.byteLength(chunk.slice(start, end < 0 ? undefined : end));
      if (this.bytes > this.maxBytes) return false;
      if (end < 0) return true;
      if (++this.packets > this.maxPackets) return false;
      this.bytes = 0;
      start = end + 1;
    }
  }
}

function isResponse(response: unknown): response is ServerResponse {
  return response instanceof ServerResponse;
}

/** The length of a body; undefined if it is sent in chunks. Node has checked that it is true. */
function contentLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}
