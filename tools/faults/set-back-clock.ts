import type { Stage } from '../simulator/feed-message.js';
import { mapTimes } from '../simulator/message-times.js';

export interface SetBack {
  /** When the producer's clock is set back, ms since the feed began. */
  readonly afterMs: number;
  readonly byMs: number;
}

/** From a moment on, every time that the producer writes is earlier by a fixed amount. */
export function setBackClock({ afterMs, byMs }: SetBack): Stage {
  const back = (data: string) => mapTimes(data, (micros) => micros - Math.round(byMs * 1000));
  return async function* (messages) {
    for await (const message of messages) {
      if (message.at < afterMs) yield message;
      else {
        const { data, latest } = message;
        yield { ...message, data: back(data), latest: latest && { ...latest, value: back(latest.value) } };
      }
    }
  };
}
