import type { Clock } from '../common/clock.js';
import { type ClosingCode, ServerEvent } from '../contract/index.js';
import { closeClient } from '../transports/socket-io/close-client.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { Drainer } from './drainer.js';

/**
 * The time that the last clients have to receive `closing`, ms: a polling client needs one more
 * poll.
 */
const GRACE_MS = 1_000;

/**
 * Closes clients of the gateway over a time, each of them told in advance.
 * @param windowMs the time over which they are closed, ms; 0 closes all of them at once
 * @param code why they are closed
 * @param closing is called for each client that is closed
 */
export function clientDrainer(
  clock: Clock,
  windowMs: number,
  code: ClosingCode,
  closing: () => void,
): Drainer<GatewaySocket> {
  return new Drainer<GatewaySocket>({
    clock,
    windowMs,
    graceMs: GRACE_MS,
    random: Math.random,
    tell: (client, reconnect_in_ms) => void client.emit(ServerEvent.serverDraining, { reconnect_in_ms }),
    close: (client) => {
      closing();
      closeClient(client, code);
    },
  });
}
