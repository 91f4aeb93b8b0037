const UNDERLYING = threeLetters('underlying_update');
const CHAIN = threeLetters('chain_update');
const SUBSCRIBED = threeLetters('subscribed');
const UNSUBSCRIBED = threeLetters('unsubscribed');
const ERROR = threeLetters('error');

/** What an event of the gateway is to a client that counts. */
export type EventKind = 'market' | 'subscribed' | 'unsubscribed' | 'error' | 'other';

/**
 * The kind of the event whose name begins at `buffer[at]`. Three letters are enough to distinguish
 * the gateway's events.
 */
export function eventKind(buffer: Buffer, at: number): EventKind {
  switch ((buffer[at]! << 16) | (buffer[at + 1]! << 8) | buffer[at + 2]!) {
    case UNDERLYING:
    case CHAIN:
      return 'market';
    case SUBSCRIBED:
      return 'subscribed';
    case UNSUBSCRIBED:
      return 'unsubscribed';
    case ERROR:
      return 'error';
    default:
      return 'other';
  }
}

function threeLetters(name: string): number {
  return (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2);
}
