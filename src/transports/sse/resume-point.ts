/** Digits of microseconds since the epoch. */
const CURSOR = /^\d{1,16}$/;

/**
 * How far before the id a client with several rooms resumes, µs. The id names the newest update of
 * all its products, and another product may have an update with an earlier time that was published
 * later.
 */
const MARGIN_MICROS = 2_000_000;

/**
 * Reads the `Last-Event-ID` of a request: the time of the newest update that the client has, µs
 * since the epoch. It is undefined if there is none, or if it is no id of the gateway: a browser
 * sends the header without the wish of its page.
 */
export function resumePoint(lastEventId: unknown): number | undefined {
  if (typeof lastEventId !== 'string' || !CURSOR.test(lastEventId)) return undefined;
  const micros = Number(lastEventId);
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/**
 * The `since` with which a client subscribes again.
 * @param point from {@link resumePoint}
 * @param isExact whether every id that the client received was of the one product that it resumes
 */
export function sinceOf(point: number, isExact: boolean): string {
  const micros = isExact ? point : Math.max(0, point - MARGIN_MICROS);
  const text = new Date(Math.floor(micros / 1_000)).toISOString();
  return `${text.slice(0, -1)}${String(micros % 1_000).padStart(3, '0')}Z`;
}
