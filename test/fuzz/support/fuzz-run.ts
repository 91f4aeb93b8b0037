import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayProcess } from '../../support/gateway-process.js';
import { collectedHeap, HEAP_ENV } from '../../support/heap.js';
import type { RedisServer } from '../../support/redis-server.js';
import { JWT_SECRET } from '../../support/tokens.js';
import { waitFor } from '../../support/wait.js';
import type { Lane, Outcome } from './lane.js';
import { Random } from './random.js';
import { openTcp } from './tcp.js';
import { Watchers } from './watchers.js';

/** Printed at the beginning, so that a run can be repeated with `FUZZ_SEED`. */
export const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 0x7fff_ffff);
/** The number of inputs for all surfaces together: `FUZZ_INPUTS`. */
export const INPUTS = Number(process.env.FUZZ_INPUTS ?? 100_000);
/** `FUZZ_ONLY`: a part of the name of the surfaces that are to get all inputs, in their shares. */
const ONLY = process.env.FUZZ_ONLY ?? '';

/**
 * Memory is measured after this share of the inputs and after all of them. By then the code of
 * every way in has been compiled, and caches are filled.
 */
const WARM_UP_SHARE = 0.4;
/**
 * How much a heap may grow: a fixed number of bytes, and some for each input. A leak of one object
 * per connection would be a hundred times as large.
 */
const HEAP_GROWTH = 3_000_000;
const HEAP_GROWTH_PER_INPUT = 20;
/**
 * How long ws keeps a WebSocket that was closed for an error, even if its TCP connection is gone,
 * plus a margin.
 */
const WS_CLOSE_TIMEOUT_MS = 7_000;
const LANES = 16;
/** A gateway under attack takes time to settle. */
const SETTLES_WITHIN_MS = 60_000;
const ERROR_LEVEL = 50;

/** The limits are so high that they let the inputs through to the code behind them. */
const ENV = {
  ...HEAP_ENV,
  // A token is optional, so that inputs with a token reach its check.
  AUTH_MODE: 'optional',
  JWT_SECRET,
  EVENTS_PER_SECOND: '100000',
  EVENT_BURST: '1000000',
  HANDSHAKES_PER_SECOND: '1000000',
  MAX_PAYLOAD_BYTES: '262144', // large enough for 100,000 levels of nesting
  // The gateway soon closes sessions that an input leaves behind.
  PING_INTERVAL_MS: '5000',
  PING_TIMEOUT_MS: '5000',
};

export interface Surface {
  readonly name: string;
  /** The share of all inputs. */
  readonly share: number;
  readonly lane: (n: number) => Lane;
  /** How many inputs are tried at the same time. */
  readonly lanes?: number;
  /** Whether it opens WebSockets. */
  readonly webSockets?: true;
}

interface Figures {
  readonly surface: string;
  readonly inputs: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly seconds: number;
  readonly updates: number;
}

/** The surfaces that `FUZZ_ONLY` names. Their shares are scaled so that they get all inputs. */
export function chosen(surfaces: readonly Surface[]): Surface[] {
  const named = surfaces.filter(({ name }) => name.includes(ONLY));
  if (named.length === 0) throw new Error(`FUZZ_ONLY=${ONLY}: no surface has this in its name`);
  if (named.length === surfaces.length) return [...surfaces];
  const total = named.reduce((sum, { share }) => sum + share, 0);
  return named.map((surface) => ({ ...surface, share: surface.share / total }));
}

/** A gateway under attack, and the clients that watch it. */
export class FuzzRun {
  private readonly figures: Figures[] = [];
  private webSocketsUntil = 0;
  private heapBefore = 0;
  private grownBytes = 0;

  private constructor(
    readonly gateway: GatewayProcess,
    private readonly watchers: Watchers,
  ) {}

  static async start(redis: RedisServer): Promise<FuzzRun> {
    process.stderr.write(`fuzz: FUZZ_SEED=${SEED} FUZZ_INPUTS=${INPUTS}\n`);
    const gateway = await GatewayProcess.start({ REDIS_URL: redis.url, ...ENV });
    await gateway.ready();
    return new FuzzRun(gateway, await Watchers.start(gateway, redis));
  }

  /** Tries some of each surface's inputs, and measures the heap afterwards. */
  async warmUp(surfaces: readonly Surface[]): Promise<void> {
    for (const surface of surfaces) await this.survives(surface, 0, warmUpOf(surface));
    this.heapBefore = await this.heap();
  }

  /** Tries the remaining inputs of the surface, and expects that other clients are not affected. */
  async goesOn(surface: Surface): Promise<void> {
    await this.survives(surface, warmUpOf(surface), inputsOf(surface));
  }

  /** Checks that memory has not grown. */
  async expectNothingKept(): Promise<void> {
    this.grownBytes = (await this.heap()) - this.heapBefore;
    expect(this.grownBytes).toBeLessThan(HEAP_GROWTH + HEAP_GROWTH_PER_INPUT * this.tried);
  }

  private async survives(surface: Surface, from: number, to: number): Promise<void> {
    const outcomes: Record<Outcome, number> = { answered: 0, closed: 0, held: 0 };
    this.watchers.begin();
    const begun = performance.now();
    await this.fire(surface, from, to, outcomes);
    if (surface.webSockets) this.webSocketsUntil = performance.now();
    const seconds = (performance.now() - begun) / 1_000;
    await this.settles();
    const updates = await this.watchers.end();
    this.figures.push({ surface: surface.name, inputs: to - from, outcomes, seconds, updates });
    await this.expectWell();
  }

  private async heap(): Promise<number> {
    await delay(Math.max(0, this.webSocketsUntil + WS_CLOSE_TIMEOUT_MS - performance.now()));
    return collectedHeap(this.gateway);
  }

  /** Each input is generated from the seed and the input's number only. */
  private async fire(
    surface: Surface,
    from: number,
    to: number,
    outcomes: Record<Outcome, number>,
  ): Promise<void> {
    const lanes = Array.from({ length: surface.lanes ?? LANES }, (_, n) => surface.lane(n));
    let next = from;
    const drive = async (lane: Lane): Promise<void> => {
      for (let n = next++; n < to; n = next++) {
        if (this.gateway.exitCode !== null) throw new Error('the gateway has ended');
        const outcome = await lane.try(new Random(SEED, n));
        outcomes[outcome]++;
        // On a busy machine, inputs that were given up would otherwise pile up in front of the
        // gateway, until the watchers' requests wait longer than they can.
        if (outcome === 'held') await answers(this.gateway.port);
      }
    };
    try {
      await Promise.all(lanes.map(drive));
    } catch (error) {
      const where = `${surface.name}, about input ${next} of seed ${SEED}`;
      throw new Error(`${where}: ${this.ended()}`, { cause: error });
    } finally {
      for (const lane of lanes) await lane.close();
    }
  }

  /** Checks that nothing is left of the attackers. */
  private async settles(): Promise<void> {
    const { gateway, watchers } = this;
    const expected = {
      socket_gateway_connections: watchers.count,
      'socket_gateway_rooms{kind="general"}': 0,
      'socket_gateway_rooms{kind="product"}': 1,
      'socket_gateway_rooms{kind="chain"}': 0,
      'socket_gateway_room_members{kind="product"}': watchers.count,
      socket_gateway_handshakes_queued: 0,
    };
    for (const [sample, value] of Object.entries(expected)) {
      let seen = -1;
      await waitFor(
        async () => (seen = await gateway.metric(sample)) === value,
        () => `${sample} is ${seen}, not ${value}; ${this.ended()}`,
        SETTLES_WITHIN_MS,
      );
    }
    expect((await gateway.json<{ total_clients: number }>('/metrics')).total_clients).toBe(watchers.count);
  }

  private async expectWell(): Promise<void> {
    const { gateway } = this;
    expect(gateway.exitCode).toBeNull();
    expect(gateway.stderr).toBe('');
    expect(
      gateway.logs.filter(({ level = 0, msg }) => level >= ERROR_LEVEL || msg === 'uncaught_error'),
    ).toEqual([]);
    expect(await gateway.json('/health')).toMatchObject({ status: 'healthy', clients: this.watchers.count });
  }

  /** The gateway's last words: about its end, or the last log lines. */
  private ended(): string {
    const { exitCode, stderr, logs } = this.gateway;
    const said = logs.filter(({ level = 0 }) => level >= ERROR_LEVEL).slice(-3);
    return (
      `the gateway's exit code is ${exitCode}, it said ${JSON.stringify(said)} ${stderr.slice(-2_000)}; ` +
      `watchers lost: ${this.watchers.lost}`
    );
  }

  /** The number of inputs tried so far. */
  get tried(): number {
    return this.figures.reduce((sum, { inputs }) => sum + inputs, 0);
  }

  stop(): void {
    this.watchers.stop();
  }

  /** The measurements, as a table. */
  report(): string {
    const rows = [...new Set(this.figures.map(({ surface }) => surface))].map((surface) => {
      const all = this.figures.filter((figures) => figures.surface === surface);
      const sum = (of: (figures: Figures) => number): number =>
        all.reduce((total, one) => total + of(one), 0);
      const counts = [
        sum(({ inputs }) => inputs),
        ...(['answered', 'closed', 'held'] as const).map((outcome) =>
          sum(({ outcomes }) => outcomes[outcome]),
        ),
      ];
      return [
        surface,
        ...counts.map((n) => n.toLocaleString('en')),
        sum(({ seconds }) => seconds).toFixed(1),
        `${sum(({ updates }) => updates)}`,
      ];
    });
    const head = [
      'inputs',
      'tried',
      'answered',
      'closed',
      'unfinished',
      'seconds',
      'updates to each watcher',
    ];
    const rule = ['---', ...head.slice(1).map(() => '---:')];
    const table = [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
    return (
      `\n${table}\n${this.tried.toLocaleString('en')} inputs; ` +
      `heap ${megabytes(this.heapBefore)} MB, then ${megabytes(this.heapBefore + this.grownBytes)} MB\n`
    );
  }
}

/** Resolves once the gateway has answered a new connection: it then has read all earlier ones. */
async function answers(port: number): Promise<void> {
  const tcp = await openTcp(port);
  const answered = once(tcp, 'data');
  tcp.write('GET /health/live HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n\r\n');
  await answered;
  tcp.destroy();
}

const inputsOf = ({ share }: Surface): number => Math.ceil(INPUTS * share);
const warmUpOf = (surface: Surface): number => Math.ceil(inputsOf(surface) * WARM_UP_SHARE);
