import { type Agent, type ClientRequest, get, type IncomingMessage } from 'node:http';
import { MessageTransport } from './message-transport.js';

/**
 * A stock client over an event stream. It gets the rooms that its option `rooms` names; what it
 * sends has no effect.
 */
export class SseTransport extends MessageTransport {
  private request: ClientRequest | undefined;
  private rest = '';

  override doOpen(): void {
    const { hostname, port, extraHeaders, agent, rooms = [] } = this.options;
    const path = `/sse?rooms=${rooms.join(',')}`;
    const options = { hostname, port, path, headers: { ...extraHeaders }, agent: agent as Agent };
    this.request = get(options, (response) => this.respond(response));
    this.request.on('error', (error) => void this.onError('event stream error', error));
  }

  override doClose(): void {
    this.request?.destroy();
    this.ended();
  }

  protected override authenticate(): void {}

  protected override say(): void {}

  protected override sayBytes(): void {}

  private respond(response: IncomingMessage): void {
    if (response.statusCode !== 200) {
      response.resume();
      this.onError('event stream error', new Error(`status ${response.statusCode}`));
      return;
    }
    this.opened();
    response.setEncoding('utf8').on('data', (text: string) => this.read(text));
    response.on('error', () => undefined).on('close', () => this.ended());
  }

  private ended(): void {
    if (this.readyState !== 'closed') this.onClose({ description: 'event stream ended' });
  }

  private read(text: string): void {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop()!;
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/m.exec(block) ?? [];
      if (event !== undefined) this.receive({ event, data: JSON.parse(data!) as unknown });
      else if (block.startsWith(':')) this.pinged();
    }
  }
}
