import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { RateLimitedLog } from '../logging/rate-limited-log.js';
import { messageOf } from '../common/message-of.js';
import { type GatewayServer, REPLICA_EVENT, SOCKET_SERVER } from '../transports/socket-io/socket-server.js';
import { REPLICA_NAME } from './replica-name.js';
import { type MessageBody, type MessageKind, readReplicaMessage } from './replica-message.js';

type Listener = (from: string, body: MessageBody) => void;

/**
 * Messages between the replicas, through the Redis adapter of Socket.IO, which signs them. A message
 * reaches every other replica at most once. It is lost if Redis is away: nothing may depend on it.
 */
@Injectable()
export class ReplicaBus implements OnModuleInit {
  private readonly listeners = new Map<MessageKind, Listener>();

  constructor(
    @Inject(REPLICA_NAME) readonly name: string,
    @Inject(SOCKET_SERVER) private readonly server: GatewayServer,
    private readonly faults: RateLimitedLog,
  ) {}

  onModuleInit(): void {
    this.server.on(REPLICA_EVENT, (message) => this.receive(message));
  }

  /** Sets who receives the messages of a kind. Set it while the module starts. */
  on(kind: MessageKind, listener: Listener): void {
    if (this.listeners.has(kind)) throw new Error(`The messages "${kind}" have a listener already.`);
    this.listeners.set(kind, listener);
  }

  /**
   * Sends a message to all other replicas.
   * @throws Error if it is larger than replicas accept
   */
  send(kind: MessageKind, body: MessageBody): void {
    this.server.serverSideEmit(REPLICA_EVENT, { kind, from: this.name, body });
  }

  private receive(value: unknown): void {
    const message = readReplicaMessage(value);
    if (!message) {
      this.faults.warn('unknown', 'replica_message_unknown');
      return;
    }
    const { kind, from, body } = message;
    if (from === this.name) {
      // Reports and answers of two replicas with one name would be taken for each other's.
      this.faults.warn('name', 'replica_name_taken', { replica: from });
      return;
    }
    try {
      this.listeners.get(kind)?.(from, body);
    } catch (error) {
      this.faults.warn(`failed:${kind}`, 'replica_message_failed', { kind, from, problem: messageOf(error) });
    }
  }
}
