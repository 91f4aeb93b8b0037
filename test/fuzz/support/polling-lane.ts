import { Agent, request, type RequestOptions } from 'node:http';
import type { Lane, Outcome } from './lane.js';
import type { Random } from './random.js';

/**
 * A poll without a concurrent request is answered when there is something to send, which may be
 * never.
 */
const PATIENCE_MS = 60;
const OPEN_PATIENCE_MS = 10_000;

/** A request that `node:http` would not create by itself. */
export interface PollingInput {
  readonly method: string;
  /** Parameters in addition to, or in place of, the correct EIO, transport and sid. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

/** Sends requests to a polling session that is in the namespace, and keeps polling it. */
export class PollingLane implements Lane {
  /** The id of the session, which other lanes may use. */
  sid = '';
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 3 });

  /** @param input generates the request */
  constructor(
    private readonly port: number,
    private readonly input: (random: Random) => PollingInput,
  ) {}

  async try(random: Random): Promise<Outcome> {
    const { method, query, headers, body } = this.input(random);
    if (this.sid === '') await this.open();
    const { sid } = this;
    const { status, text } = await this.request(PATIENCE_MS, method, { sid, ...query }, headers, body);
    // Closes a session that an unusual request created, because unused sessions stay for a quarter
    // of a minute.
    const made = /^0\{"sid":"([^"]+)"/.exec(text)?.[1];
    if (made !== undefined) await this.request(PATIENCE_MS, 'POST', { sid: made }, {}, Buffer.from('1'));
    return status === 0 ? 'held' : status === 200 && this.sid === sid ? 'answered' : 'closed';
  }

  async close(): Promise<void> {
    const { sid } = this;
    this.sid = '';
    if (sid !== '') await this.request(PATIENCE_MS, 'POST', { sid }, {}, Buffer.from('1'));
    this.agent.destroy();
  }

  private async open(): Promise<void> {
    const { text } = await this.request(OPEN_PATIENCE_MS, 'GET', {});
    const sid = /^0\{"sid":"([^"]+)"/.exec(text)?.[1];
    if (sid === undefined) throw new Error(`a new client was not let in: ${text.slice(0, 200)}`);
    this.sid = sid;
    await this.request(OPEN_PATIENCE_MS, 'POST', { sid }, {}, Buffer.from('40'));
    void this.poll(sid);
  }

  private async poll(sid: string): Promise<void> {
    while (this.sid === sid) {
      const { status } = await this.request(0, 'GET', { sid });
      if (status !== 200 && this.sid === sid) this.sid = '';
    }
  }

  /**
   * Resolves with the status 0 if there was no response in time. A timeout of 0 ms means no limit.
   */
  private request(
    patienceMs: number,
    method: string,
    query: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
    body?: Buffer,
  ): Promise<{ status: number; text: string }> {
    const search = new URLSearchParams({ EIO: '4', transport: 'polling', ...query });
    if (search.get('sid') === '') search.delete('sid');
    const options: RequestOptions = {
      host: '127.0.0.1',
      port: this.port,
      agent: this.agent,
      method,
      path: `/socket.io/?${search.toString()}`,
      headers: { ...headers, 'content-length': `${body?.length ?? 0}` },
    };
    return new Promise((resolve) => {
      const sent = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('close', () => done(response.statusCode ?? 0, text));
      });
      const timer = patienceMs > 0 ? setTimeout(() => sent.destroy(), patienceMs) : undefined;
      const done = (status: number, text: string): void => {
        clearTimeout(timer);
        resolve({ status, text });
      };
      sent.on('error', () => done(0, '')).end(body);
    });
  }
}
