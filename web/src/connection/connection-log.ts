import { type SocketClient, TokenError } from '@deltastream/socket-client';
import { Cleanup } from '../component.js';
import { age, clockTime, timeOf } from '../format.js';
import { laggingText } from './lagging.js';

export interface LogEntry {
  readonly at: number;
  readonly text: string;
  readonly kind: 'info' | 'good' | 'bad';
}

const MAX_ENTRIES = 30;

/** What has happened to the connection, newest first. */
export class ConnectionLog {
  readonly entries: LogEntry[] = [];
  reconnections = 0;
  /** The updates that the gateway left out because this page read too slowly. */
  dropped = 0;
  /** When the page last lagged, by `performance.now()`. */
  laggedAt = -Infinity;
  private readonly cleanup = new Cleanup();

  constructor(
    client: SocketClient,
    private readonly changed: () => void,
  ) {
    let wasConnected = false;
    this.cleanup.add(
      client.on('state', ({ state, previous, reason }) => {
        if (state === 'connected') {
          if (wasConnected) this.reconnections += 1;
          const moved = previous === 'draining';
          this.add(
            moved ? 'Moved to another replica without a gap' : wasConnected ? 'Connected again' : 'Connected',
            'good',
          );
          wasConnected = true;
        } else if (state === 'draining') {
          this.add('The replica is shutting down: moving to another one', 'info');
        } else if (state === 'reconnecting') {
          this.add(`Connection lost: ${reason?.message ?? 'unknown reason'}`, 'bad');
        } else if (state === 'closed') {
          this.add(`Closed: ${reason?.message ?? 'by this page'}`, 'bad');
        }
      }),
      client.on('connect_error', ({ error, retryInMs }) => {
        if (error instanceof TokenError) return; // the field of the token says what is needed
        const retry = retryInMs === undefined ? '' : `; next attempt in ${age(Math.max(1_000, retryInMs))}`;
        this.add(`${error.message.split('\n')[0]}${retry}`, 'bad');
      }),
      client.on('lagging', (lagging) => {
        this.dropped += lagging.dropped;
        this.laggedAt = performance.now();
        this.add(`Lagging: the page was ${laggingText(lagging)}`, 'bad');
      }),
      client.on('closing', ({ code, message }) =>
        this.add(`The gateway closes: ${message} (${code})`, 'info'),
      ),
      client.on('feed_gap', ({ since, until }) =>
        this.add(
          `The gateway was cut off from the feed from ${clockTime(timeOf(since))} to ${clockTime(timeOf(until))}`,
          'bad',
        ),
      ),
      client.on('health', ({ health, previous }) => {
        if (health === 'feed_down') this.add('The gateway has lost the feed', 'bad');
        else if (previous === 'feed_down' && health === 'live')
          this.add('The gateway has the feed again', 'good');
      }),
      client.on('error', ({ event, message, code }) => {
        if (event !== 'refresh_token') this.add(`${message} (${code})`, 'bad');
      }),
    );
  }

  stop(): void {
    this.cleanup.run();
  }

  private add(text: string, kind: LogEntry['kind']): void {
    this.entries.unshift({ at: Date.now(), text, kind });
    if (this.entries.length > MAX_ENTRIES) this.entries.pop();
    this.changed();
  }
}
