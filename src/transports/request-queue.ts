import type { Clock } from '../common/clock.js';
import { RoundRobin } from './round-robin.js';

export interface RequestQueueOptions<Client> {
  /** Clients with the same owner, such as an address, share one turn. */
  readonly ownerOf: (client: Client) => string;
  readonly clock: Pick<Clock, 'now' | 'soon'>;
  /**
   * How long requests may block the event loop before other work runs, such as the feed or pings,
   * ms.
   */
  readonly sliceMs: number;
  /**
   * Limit of waiting requests on this replica. Beyond it, only a client without a waiting request
   * may add one.
   */
  readonly maxWaiting: number;
  /** Limit of waiting requests of one client. */
  readonly maxWaitingOfClient: number;
}

/** One request of a client. Must not reject. */
type Job = () => Promise<void>;

/** The requests of one client, in order of arrival. */
interface Line<Client> {
  readonly client: Client;
  readonly owner: string;
  readonly jobs: Job[];
  /** Continues the request that paused, once it is the client's turn again. */
  resume: (() => void) | undefined;
}

/**
 * Schedules the requests of all clients. The requests of one client run one after the other, in
 * order of arrival. Owners take turns, and so do the clients of each owner. So no client has to
 * wait for all requests of a busy client, or of an owner with many connections. Requests run in
 * slices of `sliceMs`, and other work runs in between: a thousand requests that arrive in one read
 * do not delay the feed.
 *
 * A slice can only end between requests, or if a long request calls {@link pause}. A client without
 * requests costs nothing.
 */
export class RequestQueue<Client extends object> {
  private readonly lines = new Map<Client, Line<Client>>();
  /** Lines with a request that can run now, in the order of their turns. */
  private readonly ready = new RoundRobin<Line<Client>>(({ owner }) => owner);
  /**
   * The line whose request runs in this slice. At the end of the slice it is reset, so that a
   * request which waits for something else, such as a key server, does not block the others.
   */
  private running: Line<Client> | undefined;
  /** When the current slice began; undefined if there is none. */
  private sliceBegan: number | undefined;
  private waitingJobs = 0;

  constructor(private readonly options: RequestQueueOptions<Client>) {}

  /** Number of requests that have not begun. */
  get waiting(): number {
    return this.waitingJobs;
  }

  /** Whether one more request of the client may wait. */
  hasRoomFor(client: Client): boolean {
    const own = this.lines.get(client)?.jobs.length ?? 0;
    return own === 0 || (own < this.options.maxWaitingOfClient && this.waitingJobs < this.options.maxWaiting);
  }

  /** Runs a request in its turn: at once if none is ahead of it and the slice has time left. */
  run(client: Client, job: Job): void {
    let line = this.lines.get(client);
    if (!line) {
      this.lines.set(
        client,
        (line = { client, owner: this.options.ownerOf(client), jobs: [], resume: undefined }),
      );
      this.ready.add(line);
    }
    line.jobs.push(job);
    this.waitingJobs++;
    this.next();
  }

  /**
   * A running request calls this where it can be interrupted. Returns undefined while the slice has
   * time left, and otherwise a promise that resolves at the client's next turn.
   */
  pause(client: Client): Promise<void> | undefined {
    if (!this.isSliceOver()) return undefined;
    const line = this.lines.get(client);
    if (!line) return undefined;
    return new Promise((resolve) => {
      line.resume = resolve;
      this.ready.add(line);
      if (this.running === line) this.running = undefined;
    });
  }

  /** Drops the waiting requests of a client. Call this when the client has disconnected. */
  forget(client: Client): void {
    const line = this.lines.get(client);
    if (!line) return;
    this.waitingJobs -= line.jobs.length;
    line.jobs.length = 0;
  }

  private isSliceOver(): boolean {
    const { clock, sliceMs } = this.options;
    if (this.sliceBegan !== undefined) return clock.now() - this.sliceBegan >= sliceMs;
    this.sliceBegan = clock.now();
    clock.soon(this.endSlice);
    return false;
  }

  private readonly endSlice = (): void => {
    this.sliceBegan = undefined;
    this.running = undefined;
    this.next();
  };

  private next(): void {
    if (this.running || this.ready.isEmpty || this.isSliceOver()) return;
    const line = this.ready.take();
    if (!line) return;
    this.running = line;
    const { resume } = line;
    if (resume) {
      line.resume = undefined;
      resume();
      return;
    }
    const job = line.jobs.shift();
    if (!job) {
      this.finish(line);
      return;
    }
    this.waitingJobs--;
    void job().then(() => this.finish(line));
  }

  private finish(line: Line<Client>): void {
    if (line.jobs.length > 0) this.ready.add(line);
    else this.lines.delete(line.client);
    if (this.running === line) this.running = undefined;
    this.next();
  }
}
