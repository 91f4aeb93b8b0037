import type { Clock } from '../common/clock.js';
import { RoundRobin } from './round-robin.js';

export interface RequestQueueOptions<Client> {
  /** Clients with the same owner, such as an address, share one turn. */
  readonly ownerOf: (client: Client) => string;
  readonly clock: Pick<Clock, 'now' | 'soon'>;
  /** How long requests hold the event loop before the feed, pings and probes get it, ms. */
  readonly sliceMs: number;
  /** Requests that wait on this replica; past it only a client with none of its own gets one in. */
  readonly maxWaiting: number;
  /** Requests of one client that wait. */
  readonly maxWaitingOfClient: number;
}

/** One request of a client. Must not reject. */
type Job = () => Promise<void>;

/** The requests of one client, in the order they came. */
interface Line<Client> {
  readonly client: Client;
  readonly owner: string;
  readonly jobs: Job[];
  /** Continues the request that paused, once it is the client's turn again. */
  resume: (() => void) | undefined;
}

/**
 * The requests of all clients. Each client's requests run one after the other in the order they came. Owners take turns, and so do
 * the clients of each owner: a client that asks for much makes no other client wait for all of it, and neither does an owner that
 * opens many connections. Requests run in slices of `sliceMs`, between which the event
 * loop is free: a thousand requests that arrive in one read do not hold up the feed.
 *
 * The slice can only end between requests, and where a long request calls {@link pause}. A client without requests costs nothing.
 */
export class RequestQueue<Client extends object> {
  private readonly lines = new Map<Client, Line<Client>>();
  /** Lines with something to run now, in the order of their turns. */
  private readonly ready = new RoundRobin<Line<Client>>(({ owner }) => owner);
  /** The line whose request runs in this slice. One that waits for something else, such as a key server, is let go. */
  private running: Line<Client> | undefined;
  /** When this slice began; undefined while none is under way. */
  private sliceBegan: number | undefined;
  private waitingJobs = 0;

  constructor(private readonly options: RequestQueueOptions<Client>) {}

  /** Requests that have not begun. */
  get waiting(): number {
    return this.waitingJobs;
  }

  /** Whether one more request of the client may wait. */
  hasRoomFor(client: Client): boolean {
    const own = this.lines.get(client)?.jobs.length ?? 0;
    return own === 0 || (own < this.options.maxWaitingOfClient && this.waitingJobs < this.options.maxWaiting);
  }

  /** Runs a request at its turn: at once if nothing is ahead of it and there is time left in this slice. */
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
   * To be called by the client's running request where it can be interrupted. Returns undefined while there is time left in this
   * slice, else a promise that resolves at the client's next turn.
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

  /** Drops the requests of a client that have not begun: it has left. */
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
