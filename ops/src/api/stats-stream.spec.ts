import { adminStats } from '../testing/sample-stats.js';
import { ApiError } from './admin-api.js';
import { StatsStream, type StreamState } from './stats-stream.js';

const STATS = adminStats([]);
const EVENT = `event: admin_stats\ndata: ${JSON.stringify(STATS)}\n\n`;

/** A connection whose bytes the test sends. */
class Connection {
  private controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly response = new Response(
    new ReadableStream<Uint8Array>({ start: (controller) => void (this.controller = controller) }),
  );

  send(text: string): void {
    this.controller.enqueue(new TextEncoder().encode(text));
  }

  end(error?: Error): void {
    if (error) this.controller.error(error);
    else this.controller.close();
  }
}

class World {
  readonly states: StreamState[] = [];
  readonly seen: unknown[] = [];
  readonly refused: string[] = [];
  readonly connections: Connection[] = [];
  problem: Error | undefined;
  readonly stream = new StatsStream(
    {
      openStats: (signal) => {
        if (this.problem) return Promise.reject(this.problem);
        const connection = new Connection();
        signal.addEventListener('abort', () => connection.end(new Error('aborted')));
        this.connections.push(connection);
        return Promise.resolve(connection.response);
      },
    },
    {
      onState: (state) => this.states.push(state),
      onStats: (stats) => this.seen.push(stats),
      onRefused: (problem) => this.refused.push(problem),
    },
    () => 1,
  );

  get state(): StreamState {
    return this.states.at(-1)!;
  }

  /** The pause before the next try, ms. */
  get pause(): number {
    return this.state.kind === 'lost' ? Math.round(this.state.retryAt - performance.now()) : NaN;
  }
}

let world: World;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  world = new World();
});
afterEach(() => {
  world.stream.stop();
  jest.useRealTimers();
});

/** Lets what streams do in microtasks happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await jest.advanceTimersByTimeAsync(0);
}

async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
  await settle();
}

it('passes on what arrives, also in pieces', async () => {
  world.stream.start();
  await settle();
  world.connections[0]!.send(EVENT.slice(0, 30));
  await settle();
  expect(world.state.kind).toBe('connecting');
  world.connections[0]!.send(EVENT.slice(30) + EVENT);
  await settle();
  expect(world.seen).toEqual([STATS, STATS]);
  expect(world.state.kind).toBe('live');
});

it('tries again after growing pauses of up to 15 s, and at once on request', async () => {
  world.problem = new ApiError(0, 'No connection.');
  world.stream.start();
  await settle();
  const pauses = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    pauses.push(world.pause);
    await pass(world.pause);
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  expect(world.state).toMatchObject({ kind: 'lost', problem: 'No connection.' });
  world.problem = undefined;
  world.stream.retryNow();
  await settle();
  world.connections[0]!.send(EVENT);
  await settle();
  world.connections[0]!.end();
  await settle();
  expect(world.state).toMatchObject({ kind: 'lost', problem: 'The gateway closed the connection.' });
  expect(world.pause).toBe(1_000);
});

it('gives up a connection on which nothing comes', async () => {
  world.stream.start();
  await settle();
  await pass(5_000);
  world.connections[0]!.send(': still here\n\n');
  await settle();
  await pass(5_000);
  expect(world.state.kind).toBe('connecting');
  await pass(1_500);
  expect(world.state).toMatchObject({ kind: 'lost', problem: 'Nothing has come for 6 seconds.' });
});

it.each([
  [401, 'the token is wrong', 'the token is wrong'],
  [404, 'Not Found', 'This gateway has no admin API. It needs ADMIN_PORT and ADMIN_TOKEN.'],
])('ends with status %i', async (status, message, problem) => {
  world.problem = new ApiError(status, message);
  world.stream.start();
  await settle();
  expect(world.refused).toEqual([problem]);
  world.problem = undefined;
  await pass(60_000);
  expect(world.connections).toHaveLength(0);
});

it('does nothing after it was stopped', async () => {
  world.stream.start();
  await settle();
  world.stream.stop();
  await settle();
  const states = world.states.length;
  await pass(60_000);
  expect([world.states.length, world.connections.length]).toEqual([states, 1]);
});
