/**
 * Messages that are older than the newest one of their stream, each of them newer than the one
 * before. Several over some time show that the clock of the producer was set back.
 */
export interface OlderRun {
  /** `processed_at` of the first message, in µs since the epoch. */
  readonly since: number;
  /** Time of the last message, in µs since the epoch. */
  readonly time: number;
  readonly count: number;
}

/** How many older messages show that a clock was set back; one or two may be late or duplicates. */
const MIN_COUNT = 3;

/**
 * Adds another older message to a run. If the message is older than the last one of the run, a new run
 * begins with it. A duplicate of the last message neither breaks the run nor counts towards it.
 */
export function continuedRun(run: OlderRun | undefined, time: number, processedTime: number): OlderRun {
  if (!run || time < run.time) return { since: processedTime, time, count: 1 };
  return { since: run.since, time, count: time > run.time ? run.count + 1 : run.count };
}

/**
 * Whether a run is long enough to be a stream of its own.
 * @param processedTime `processed_at` of the last message, in µs since the epoch
 * @param lastsUs how long it must last, µs of the messages' own `processed_at`
 */
export function isOwnStream(run: OlderRun, processedTime: number, lastsUs: number): boolean {
  return run.count >= MIN_COUNT && processedTime - run.since >= lastsUs;
}
