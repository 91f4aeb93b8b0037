import type { Lane, Outcome } from './lane.js';
import type { Random } from './random.js';
import { openTcp, within } from './tcp.js';

/** The gateway waits for the rest of half a request longer than a test can wait. */
const PATIENCE_MS = 100;

/** Writes each input to a new TCP connection. */
export class HttpLane implements Lane {
  constructor(
    private readonly port: number,
    private readonly input: (random: Random) => Buffer,
  ) {}

  async try(random: Random): Promise<Outcome> {
    const input = this.input(random);
    const tcp = await openTcp(this.port);
    const outcome = await within<Outcome>(PATIENCE_MS, 'held', (settle) => {
      tcp.once('data', () => settle('answered'));
      tcp.once('close', () => settle('closed'));
      // A complete request is answered at once. Some inputs remain incomplete.
      const end = (rest: Buffer): unknown => (random.once(8) ? tcp.write(rest) : tcp.end(rest));
      // Now and then in two pieces, so that parsers have to keep state.
      const cut = random.once(4) ? random.below(input.length + 1) : input.length;
      if (cut < input.length) {
        tcp.write(input.subarray(0, cut));
        setImmediate(end, input.subarray(cut));
      } else {
        end(input);
      }
    });
    if (random.once(3)) tcp.resetAndDestroy();
    else tcp.destroy();
    return outcome;
  }

  close(): void {}
}
