import { isReplicaName } from './replica-name.js';

/** What replicas tell each other. */
export const MESSAGE_KINDS = [
  /** A replica serves. */
  'hello',
  /** A replica ends. */
  'bye',
  /** A replica wants the reports of all. */
  'watch',
  /** What happened on a replica since its last report. */
  'report',
  /** A question to all replicas or to one of them. */
  'call',
  /** The answer to a `call`. */
  'answer',
] as const;

export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** The body of a message. Check its fields before you use them: replicas may run other versions. */
export type MessageBody = Readonly<Record<string, unknown>>;

export interface ReplicaMessage {
  readonly kind: MessageKind;
  /** The name of the replica that sent it. */
  readonly from: string;
  readonly body: MessageBody;
}

/** Reads a message of another replica; returns `undefined` if it is none. */
export function readReplicaMessage(value: unknown): ReplicaMessage | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, from, body } = value;
  if (!MESSAGE_KINDS.includes(kind as MessageKind) || !isReplicaName(from) || !isRecord(body))
    return undefined;
  return { kind: kind as MessageKind, from, body };
}

export function isRecord(value: unknown): value is MessageBody {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
