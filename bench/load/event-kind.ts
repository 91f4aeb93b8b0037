const UNDERLYING = threeLetters('underlying_update');
const CHAIN = threeLetters('chain_update');
const SUBSCRIBED = threeLetters('subscribed');
const UNSUBSCRIBED = threeLetters('unsubscribed');
const ERROR = threeLetters('error');
/** Of `chain_update` and `chain_view`. Others are `chain_summary` and `chain_status`. */
const U = 'u'.charCodeAt(0);
const V = 'v'.charCodeAt(0);

/** What an event of the gateway is to a client that counts. */
export type EventKind = 'market' | 'subscribed' | 'unsubscribed' | 'error' | 'other';

/** How many letters of a name are read. */
export const NAME_BYTES = 'chain_u'.length;

/**
 * The kind of the event whose name begins at `buffer[at]`. Three letters are enough to distinguish
 * the gateway's events, except those of chains.
 */
export function eventKind(buffer: Buffer, at: number): EventKind {
  switch ((buffer[at]! << 16) | (buffer[at + 1]! << 8) | buffer[at + 2]!) {
    case UNDERLYING:
      return 'market';
    case CHAIN:
      return isMarket(buffer[at + NAME_BYTES - 1]!) ? 'market' : 'other';
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

function isMarket(letter: number): boolean {
  return letter === U || letter === V;
}

function threeLetters(name: string): number {
  return (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2);
}
