import { Injectable } from '@nestjs/common';
import { Traces } from '../admin/traces/traces.js';
import { shorten } from '../common/shorten.js';
import { GatewayConfig } from '../config/gateway-config.js';
import { isClientEvent } from '../contract/index.js';
import { MessageLimiter } from '../limits/message-limiter.js';
import { RequestQueue } from '../transports/request-queue.js';
import { isSlow } from '../transports/socket-io/slow-client.js';
import type { GatewaySocket } from '../transports/socket-io/socket-server.js';
import { ErrorResponder } from './error-responder.js';
import { GatewayMetrics } from './gateway.metrics.js';
import {
  type RequestError,
  tooManyEvents,
  tooManyWaiting,
  unknownEvent,
  unreadableMessage,
} from './request-error.js';

/** The longest name of an event that an error repeats, characters. */
const MAX_EVENT_NAME = 64;

/** Decides which events of clients are handled, and rejects the others. */
@Injectable()
export class EventAdmission {
  constructor(
    private readonly config: GatewayConfig,
    private readonly messages: MessageLimiter,
    private readonly requests: RequestQueue<GatewaySocket>,
    private readonly responder: ErrorResponder,
    private readonly metrics: GatewayMetrics,
    private readonly traces: Traces,
  ) {}

  /**
   * Counts an event, and rejects it if it is unknown or exceeds a limit.
   * @param args the arguments of the event, with its acknowledgement as the last one if it has one
   * @returns true if the event may be handled
   */
  admit(client: GatewaySocket, event: string, args: readonly unknown[]): boolean {
    if (!client.connected) return false; // packets sent before it was closed may still arrive
    if (this.traces.any) this.traces.received(client, event, args);
    const known = isClientEvent(event);
    this.metrics.clientMessages.inc({ event: known ? event : 'unknown' });
    const answer = this.messages.take(client);
    if (!answer.taken && answer.waitMs === undefined) return false; // the client was closed
    if (!this.requests.hasRoomFor(client)) {
      this.metrics.requestsRefused.inc({ limit: 'waiting' });
      this.refuseTooMany(client, event, args, tooManyWaiting());
      return false;
    }
    if (answer.taken && known) return true;
    // Rejections wait for their turn as well: a thousand at once would delay the feed, and earlier
    // requests are processed first.
    this.requests.run(client, () => {
      if (!client.connected) return Promise.resolve();
      if (answer.taken) {
        this.refuse(client, event, args, unreadableMessage(event, args) ?? unknownEvent());
      } else {
        this.metrics.requestsRefused.inc({ limit: 'messages' });
        this.refuseTooMany(client, event, args, tooManyEvents(answer.waitMs ?? 0));
      }
      return Promise.resolve();
    });
    return false;
  }

  private refuseTooMany(
    client: GatewaySocket,
    event: string,
    args: readonly unknown[],
    refused: RequestError,
  ): void {
    // Do not send more errors to a client that does not read them, because they would pile up.
    if (isSlow(client, this.config.conflateAboveBytes))
      this.metrics.clientErrors.inc({ code: 'RATE_LIMITED' });
    else this.refuse(client, event, args, refused);
  }

  private refuse(
    client: GatewaySocket,
    event: string,
    args: readonly unknown[],
    refused: RequestError,
  ): void {
    const ack = args.at(-1);
    this.responder.reject(
      client,
      shorten(event, MAX_EVENT_NAME),
      refused,
      typeof ack === 'function' ? (answer) => void Reflect.apply(ack, undefined, [answer]) : undefined,
    );
  }
}
