import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { constants, createGunzip } from 'node:zlib';
import { cleanUp } from './cleanup.js';
import { ContractCheck } from './contract-check.js';
import type { HandshakeResponse } from './handshake.js';
import { waitFor } from './wait.js';

/** An event of a stream, as EventSource would report it. */
export interface SseEvent {
  readonly event: string;
  /** The text of its data. */
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The id of the block; undefined if it has none. */
  readonly id: string | undefined;
}

export interface SseOptions {
  readonly headers?: OutgoingHttpHeaders;
  /** The certificate to trust, as PEM. */
  readonly ca?: string;
}

/**
 * A client that reads an event stream over HTTP, and records it. Its events are checked against the
 * AsyncAPI document.
 */
export class SseClient {
  readonly events: SseEvent[] = [];
  comments = 0;
  retry: number | undefined;
  /** The id of the last block that had one. */
  lastEventId: string | undefined;
  closed = false;
  private rest = '';
  private readonly contract = new ContractCheck();

  private constructor(readonly response: IncomingMessage) {
    const isGzip = response.headers['content-encoding'] === 'gzip';
    // The stream ends with its connection, without a trailer.
    const body = isGzip ? response.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })) : response;
    body.setEncoding('utf8').on('data', (text: string) => this.read(text));
    body.on('error', () => undefined);
    response.on('error', () => undefined);
    response.on('close', () => (this.closed = true));
    cleanUp(() => this.close());
  }

  /**
   * @param query after `/sse?`
   * @throws Error with the status and the body if the gateway refuses
   */
  static async open(url: string, query: string, options: SseOptions = {}): Promise<SseClient> {
    const response = await ask(`${url}/sse?${query}`, options);
    if (response.statusCode === 200) return new SseClient(response);
    const { status, body } = await answerOf(response);
    throw new Error(`${status} ${body}`);
  }

  all(event: string): SseEvent[] {
    return this.events.filter((one) => one.event === event);
  }

  /** Waits until `count` events of a name have arrived, and returns the last one. */
  async next(event: string, count = 1): Promise<SseEvent> {
    await waitFor(
      () => this.all(event).length >= count,
      () => `${count} x ${event} expected, received ${this.events.map((one) => one.event).join()}`,
    );
    return this.all(event)[count - 1]!;
  }

  close(): void {
    this.response.destroy();
  }

  private read(text: string): void {
    this.rest += text;
    for (let end = this.rest.indexOf('\n\n'); end >= 0; end = this.rest.indexOf('\n\n')) {
      this.block(this.rest.slice(0, end));
      this.rest = this.rest.slice(end + 2);
    }
  }

  private block(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split(/\r\n|\n|\r/)) {
      const [, name = '', value = ''] = /^([^:]*)(?:: ?)?(.*)$/s.exec(line)!;
      if (name === '') this.comments++;
      else fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value);
    }
    const retry = fields.get('retry');
    if (retry !== undefined) this.retry = Number(retry);
    this.lastEventId = fields.get('id') ?? this.lastEventId;
    const text = fields.get('data');
    if (text === undefined) return;
    const event = fields.get('event') ?? 'message';
    const data = JSON.parse(text) as SseEvent['data'];
    this.contract.received(event, data);
    this.events.push({ event, text, data, id: fields.get('id') });
  }
}

/** Asks for an event stream, and closes it if it is opened. */
export async function askForStream(
  url: string,
  options: SseOptions & Pick<RequestOptions, 'method'> = {},
): Promise<HandshakeResponse> {
  const response = await ask(url, options);
  if (response.statusCode !== 200) return answerOf(response);
  response.destroy();
  return { status: 200, headers: response.headers, body: '' };
}

function ask(url: string, options: SseOptions & Pick<RequestOptions, 'method'>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https') ? httpsRequest : httpRequest;
    send(url, { agent: false, ...options }, resolve)
      .on('error', reject)
      .end();
  });
}

async function answerOf(response: IncomingMessage): Promise<HandshakeResponse> {
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}
