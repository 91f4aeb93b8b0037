import { CLOSINGS, type Closing, JsonPayload, type Lagging, ServerEvent } from '../contract/index.js';
import { Frame } from './frame.js';

/**
 * The `lagging` event.
 * @param dropped how many updates the client was not sent
 * @param sinceMs for how long the client has not read
 */
export function laggingFrame(dropped: number, sinceMs: number): Frame {
  return frame<Lagging>(ServerEvent.lagging, { dropped, since_ms: sinceMs });
}

/** The `closing` event for a client that is closed because it was too slow. It may reconnect. */
export function closingFrame(): Frame {
  const { message, reconnect } = CLOSINGS.TOO_SLOW;
  return frame<Closing>(ServerEvent.closing, { code: 'TOO_SLOW', message, reconnect });
}

function frame<T extends object>(event: ServerEvent, payload: T): Frame {
  return Frame.ofEvent(event, new JsonPayload<T>(JSON.stringify(payload), event));
}
