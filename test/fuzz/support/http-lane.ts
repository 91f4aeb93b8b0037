import type { Lane, Outcome } from './lane.js';
import type { Random } from './random.js';
import { openTcp, within } from './tcp.js';

/** Half a request is waited for longer than any test can wait. */
const PATIENCE_MS = 100;

/** Puts bytes on a new TCP connection each. */
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
      // Whoever has said all is answered at once; some leave it open.
      const end = (rest: Buffer): unknown => (random.once(8) ? tcp.write(rest) : tcp.end(rest));
      // In two pieces, now and then: parsers have to remember.
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
