import { ConnectionRefused, type SocketClient } from '@deltastream/socket-client';
import { Cleanup } from '../component.js';
import { laggingText } from '../connection/lagging.js';
import { setAttribute, setText } from '../dom.js';
import { age } from '../format.js';
import { TOKEN_CODES } from '../session/tokens.js';

export interface Notice {
  readonly kind: 'info' | 'warn' | 'bad';
  readonly text: string;
}

/** How long the notice of a passing event stays, in ms. */
const PASSING_MS = 10_000;

/** Says what keeps the prices from being live, as it happens. It says nothing while all is well. */
export class Banner {
  private readonly cleanup = new Cleanup();
  private passing: (Notice & { readonly until: number }) | undefined;
  private drainsAt: number | undefined;
  private readonly button: HTMLElement;

  constructor(
    private readonly element: HTMLElement,
    private readonly client: SocketClient,
    reconnect: () => void,
  ) {
    this.button = element.querySelector('button')!;
    const draw = (): void => this.draw();
    const timer = setInterval(draw, 1_000);
    this.cleanup.add(
      client.on('state', draw),
      client.on('health', draw),
      client.on('server_draining', ({ reconnect_in_ms }) => {
        this.drainsAt = performance.now() + reconnect_in_ms;
        draw();
      }),
      client.on('lagging', (lagging) =>
        this.pass('warn', `This page reads too slowly: it was ${laggingText(lagging)}.`),
      ),
      () => clearInterval(timer),
    );
    this.cleanup.listen(this.button, 'click', reconnect);
    draw();
  }

  stop(): void {
    this.cleanup.run();
  }

  private pass(kind: Notice['kind'], text: string): void {
    this.passing = { kind, text, until: performance.now() + PASSING_MS };
    this.draw();
  }

  private draw(): void {
    const notice = this.notice();
    this.element.hidden = !notice;
    this.button.hidden = this.client.state !== 'closed' || this.needsToken;
    if (!notice) return;
    setAttribute(this.element, 'data-kind', notice.kind);
    setText(this.element.querySelector('p')!, notice.text);
  }

  private get needsToken(): boolean {
    const { reason } = this.client;
    return reason instanceof ConnectionRefused && TOKEN_CODES.has(reason.code);
  }

  private notice(): Notice | undefined {
    const { state, health, reason } = this.client;
    const why = reason ? ` ${sentence(reason.message)}` : '';
    switch (state) {
      case 'closed':
        return this.needsToken
          ? { kind: 'warn', text: 'Not connected: the gateway needs a valid token.' }
          : { kind: 'bad', text: `Disconnected.${why}` };
      case 'reconnecting':
        return { kind: 'bad', text: `Connection lost, reconnecting. Prices are not updated.${why}` };
      case 'draining': {
        const left = this.drainsAt === undefined ? 0 : Math.max(0, this.drainsAt - performance.now());
        const when = left > 0 ? ` in ${age(left + 999)}` : '';
        return {
          kind: 'info',
          text: `This replica hands the page over${when}. The page moves to another one without a gap.`,
        };
      }
      case 'connecting':
        return undefined;
      case 'connected':
    }
    if (health === 'feed_down')
      return { kind: 'bad', text: 'The gateway is cut off from the feed. Prices are not updated.' };
    if (this.passing && this.passing.until > performance.now()) return this.passing;
    if (health === 'market_closed')
      return { kind: 'info', text: 'Every market is closed. These are the last prices.' };
    return undefined;
  }
}

/** The first line of a message, as a sentence. */
function sentence(message: string): string {
  const [line = ''] = message.split('\n');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
