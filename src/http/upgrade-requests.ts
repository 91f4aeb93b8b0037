import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** Whether the `Upgrade` header of a request asks for a WebSocket. */
export function offersWebSocket({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade?.toLowerCase() === 'websocket';
}

/**
 * A request that counts as an upgrade only if it asks for a WebSocket. HTTP clients such as Java's
 * and `curl --http2` offer `Upgrade: h2c` with every plain request, and a server that does not
 * speak that protocol must ignore the offer (RFC 9110, 7.8). Node passes every offer to the
 * `upgrade` listeners once there is one, without the body of the request.
 *
 * Nor does it count as one while an earlier request of its connection is still being answered: the
 * upgrade would be answered first, and the two answers would be mixed.
 *
 * Sources: `IncomingMessage#upgrade`, which Node's parser sets and reads before it decides, and
 * `Socket#_httpMessage`, the answer that Node is writing. Without the first, offers of other
 * protocols are rejected as upgrades to an unknown path. Without the second, answers may be mixed.
 */
export class RequestWithPlainUpgrades extends IncomingMessage {
  private asksForUpgrade: unknown;

  get upgrade(): boolean {
    if (this.asksForUpgrade !== true || this.isBehindAnother) return false;
    return this.method === 'CONNECT' || offersWebSocket(this.headers);
  }

  set upgrade(value: unknown) {
    this.asksForUpgrade = value;
  }

  protected get isBehindAnother(): boolean {
    const { _httpMessage: answer } = this.socket as { readonly _httpMessage?: unknown };
    return typeof answer === 'object' && answer !== null;
  }
}

/**
 * Makes the class of the requests of a server that hands some of them over: it gives them to the
 * `upgrade` listeners, with the TCP connection, although they ask for no upgrade. Node then reads
 * and keeps nothing more for them. A response that has no end would otherwise keep its request, its
 * headers and a parser: two thirds of the memory of an idle client.
 *
 * Source: as above. Without it, such requests reach the `request` listeners.
 * @param isHandedOver for a request of which the method, the address and the headers are known
 */
export function requestsHandedOver(
  isHandedOver: (request: IncomingMessage) => boolean,
): typeof RequestWithPlainUpgrades {
  return class extends RequestWithPlainUpgrades {
    override get upgrade(): boolean {
      return super.upgrade || (!this.isBehindAnother && isHandedOver(this));
    }

    override set upgrade(value: unknown) {
      super.upgrade = value;
    }
  };
}
