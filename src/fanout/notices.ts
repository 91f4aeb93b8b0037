import { CLOSINGS, type Closing, JsonPayload, type Lagging, ServerEvent } from '../contract/index.js';
import { Frame } from './frame.js';

/** Tells a client what was left out for it. */
export function laggingFrame(dropped: number, sinceMs: number): Frame {
  return frame<Lagging>(ServerEvent.lagging, { dropped, since_ms: sinceMs });
}

/** Tells a client that it was too slow, and that it may come back. */
export function closingFrame(): Frame {
  const { message, reconnect } = CLOSINGS.TOO_SLOW;
  return frame<Closing>(ServerEvent.closing, { code: 'TOO_SLOW', message, reconnect });
}

function frame<T extends object>(event: ServerEvent, payload: T): Frame {
  return Frame.ofEvent(event, new JsonPayload<T>(JSON.stringify(payload), event));
}
